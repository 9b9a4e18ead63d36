import { quantile } from "./statistics.ts";

/** How jobs fared under somebody who scales, simulated or real. */
export interface ScalingFigures {
  readonly jobs: number;
  /** Jobs that nobody had finished when time was up. */
  readonly lost: number;
  /** Executions beyond those that the jobs themselves ask for. */
  readonly repeated: number;
  /** From the first job's enqueueing (or the command that scales) to the first start of a handler. */
  readonly firstStartMs: number;
  /** From there to the end of the last job. */
  readonly drainMs: number;
  /** From enqueued to first start. */
  readonly waitP50Ms: number;
  readonly waitP95Ms: number;
  readonly waitMaxMs: number;
  /** Pods × seconds from the first job's enqueueing to the end of the last. */
  readonly podSeconds: number;
  /** How often the Deployment's `replicas` changed in that time. */
  readonly replicaChanges: number;
}

/** The waits' part of it. */
export function waitsOf(waitsMs: readonly number[]): Pick<ScalingFigures, "waitP50Ms" | "waitP95Ms" | "waitMaxMs"> {
  const sorted = waitsMs.toSorted((a, b) => a - b);
  return { waitP50Ms: quantile(sorted, 0.5), waitP95Ms: quantile(sorted, 0.95), waitMaxMs: sorted.at(-1) ?? 0 };
}
