import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import type { Clock } from "./clock.ts";
import type { Pod } from "./pod.ts";
import type { Trace } from "./trace.ts";

/** What somebody who scales can see and do. */
export interface Scene {
  readonly clock: Clock;
  readonly trace: Trace;
  /** When the trace began, ms. Everything before is the past. */
  readonly fromMs: number;
  /** Evenly spread over [0, 1): for what no one controls, such as when in its interval a poll falls. */
  random(): number;
  /** Jobs ready in the queue; undefined while the broker is away. */
  ready(): number | undefined;
  /** Jobs delivered and not settled. */
  unacked(): number;
  /** All pods that exist, those being deleted included. */
  pods(): readonly Pod[];
  readonly replicas: number;
  /** Sets the Deployment's replicas. */
  scaleTo(replicas: number): void;
  /** Tells a worker to take no more jobs, or to take some again. Lost while the broker is away. */
  tell(pod: string, type: "Cordon" | "Uncordon"): void;
  setDeletionCost(pod: string, cost: number): void;
  onHeartbeat(heard: (heartbeat: Heartbeat) => void): void;
  /** Called for each job that reaches the queue. */
  onEnqueued(enqueued: () => void): void;
}

/** Somebody who scales the pool. */
export interface Subject {
  readonly name: string;
  /** What a reader must know to set up the same. */
  readonly config: string;
  /** How long a worker may finish what it runs when its pod is deleted. */
  readonly graceMs: number;
  /** Pods that run before the trace begins. */
  readonly warm?: (trace: Trace) => number;
  begin(scene: Scene): void;
}
