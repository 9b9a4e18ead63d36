import type { WorkerState } from "@jobwright/worker-runtime/contract";
import type { Waiting } from "./backlog-ages.ts";

/** A pod's phase, as Kubernetes names it. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/** What scaling looks at in a pod of the pool. */
export interface PodView {
  readonly name: string;
  readonly phase: PodPhase;
  /** The pod's Ready condition. */
  readonly ready: boolean;
  /** Has a deletion timestamp. */
  readonly deleting: boolean;
  /** When what runs in a pod that is being deleted will have been killed, ms since the Unix epoch; absent in others. */
  readonly killedAtMs?: number;
  /** The pod's creation timestamp, ms since the Unix epoch. The API server rounds it down to a second. */
  readonly createdAtMs: number;
  /**
   * Whether the worker's container runs a process (container status `state.running`). Without a process (not started
   * yet, or waiting in a crash loop) a pod has no work, whatever its last heartbeat said: the broker took it back.
   */
  readonly processRunning: boolean;
}

/** A pod that exists for the ReplicaSet: neither being deleted nor ended. */
export function isActive(pod: PodView): boolean {
  return !pod.deleting && pod.phase !== "Succeeded" && pod.phase !== "Failed";
}

/** What a worker last reported of itself. */
export interface WorkerReport {
  readonly state: WorkerState;
  /** Jobs running. */
  readonly busy: number;
  /** Jobs taken but not started. */
  readonly held: number;
  /** The share of the queue's rate limit that it keeps to, jobs/s; null for no limit, undefined where it does not say. */
  readonly rate?: number | null | undefined;
  /** Whether it takes no jobs because its queue is paused; undefined where it does not say. */
  readonly paused?: boolean | undefined;
  readonly heardAtMs: number;
  /** Heard recently enough to be believed. */
  readonly fresh: boolean;
}

/** The parts of a WorkerPool's spec that a decision needs. */
export interface ScalingSettings {
  /** The pool's own, or what an open schedule asks for where that is more. */
  readonly minReplicas: number;
  /** The cron of the schedule that set `minReplicas`. Absent: none did. */
  readonly schedule?: string;
  readonly maxReplicas: number;
  /** Slots per pod, c. */
  readonly concurrency: number;
  /** The goal: a job should start within this time of being enqueued, T. */
  readonly targetWaitMs: number;
  /** The share of slots that steady arrivals may fill, 1–100, u; at 100, the target wait alone says how many. */
  readonly utilizationPercent: number;
  readonly scaleDownDelayMs: number;
  readonly idleDelayMs: number;
  /** The queue's rate limit; absent: none. More slots than can work at this rate would stand empty. */
  readonly jobsPerSecond?: number;
  /** The queue is paused: what waits or arrives asks for no workers. Absent: it is not. */
  readonly queuePaused?: boolean;
}

/** What one decision is made of. Each is the best that is known now; `pool.ts` says when too little is known to decide. */
export interface Signals {
  /** Jobs waiting: ready on the broker, plus those that workers hold but have not started, B. */
  readonly backlog: number;
  /** How long some of them have waited already: ever fewer and older. */
  readonly waiting: readonly Waiting[];
  /** Jobs running, U. A silent worker keeps what it last reported. */
  readonly inFlight: number;
  /** Mean time that a run takes, S. */
  readonly serviceSeconds: number;
  /** How much runs differ: Var(S) ÷ S². 0 where all take as long, 1 for an exponential spread, more for a heavy tail. */
  readonly serviceVariability: number;
  /** Lasting rate of arrivals, jobs/s, λ. One-off bursts are backlog, not rate. */
  readonly arrivalsPerSecond: number;
  /** Time from asking for a pod to its first heartbeat, T₀; undefined before any was measured. */
  readonly coldStartSeconds: number | undefined;
  /** Workers asked for at present, not counting cordoned ones or replacements. */
  readonly wanted: number;
  /** Workers that take jobs, and how long ago those were made that have yet to begin. */
  readonly present: { readonly working: number; readonly startingSeconds: readonly number[] };
}
