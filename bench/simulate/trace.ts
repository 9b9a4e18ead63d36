import type { ScalingSettings } from "../../operator/src/autoscaling/signals.ts";

/** A job that will be enqueued. Times count from the trace's beginning. */
export interface TracedJob {
  readonly atMs: number;
  /** How long a run of it takes while all is well. */
  readonly serviceMs: number;
  /** Runs that fail before one succeeds; a job that fails {@link maxAttempts} times is dead-lettered. */
  readonly failures: number;
}

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the world does to a pool: jobs, and what goes wrong. */
export interface Trace {
  readonly name: string;
  /** One line for a reader of the table. */
  readonly about: string;
  /** In order of time. */
  readonly jobs: readonly TracedJob[];
  /** How long a pod takes from being asked for to its first heartbeat, where it starts alone. */
  readonly coldStartMs: number;
  readonly settings: ScalingSettings;
  /** The broker is away: nobody gets a delivery, a figure or a heartbeat, and what ran is delivered again. */
  readonly brokerAway?: Span;
  /** What the handlers call hangs: runs go on only when it answers again. */
  readonly downstreamHangs?: Span;
  /** What the handlers call serves so many at a time; more slow each other down. */
  readonly downstreamSlots?: number;
}

/** The attempts of a job, as `spec.retry` has them by default. */
export const maxAttempts = 5;

/** The wait before the n-th retry: 1 s × 2ⁿ⁻¹, as `spec.retry.backoff` has it by default (its jitter left out). */
export function backoffMs(failedAttempts: number): number {
  return 1_000 * 2 ** (failedAttempts - 1);
}
