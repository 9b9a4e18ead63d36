import type { Decision, PastDecision } from "../api/worker-pool.ts";
import type { PoolDecision, PoolMeasurements } from "../autoscaling/pool.ts";
import type { Alarm } from "./alarms.ts";
import type { Pausing } from "./pausing.ts";

/** What the status says of scaling. */
export interface ScalerReport {
  readonly desiredReplicas: number;
  readonly decision: Decision | undefined;
  readonly recentDecisions: readonly PastDecision[];
  /** What the last step came to, whether or not it changed anything; undefined before the first. */
  readonly latest: PoolDecision | undefined;
  readonly measurements: PoolMeasurements | undefined;
  readonly alarms: readonly Alarm[];
  /** How far the workers follow; undefined where the queue is not paused and all workers take jobs. */
  readonly pausing: Pausing | undefined;
  /** The pool's own spec.paused. */
  readonly paused: boolean;
  /** The Deployment controller has yet to look at the newest pod template. */
  readonly templatePending: boolean;
}
