import type { WorkerPool } from "../api/objects.ts";
import type { Schedule } from "../autoscaling/schedule.ts";
import type { Broker, JobQueueOnBroker } from "../broker/index.ts";
import type { SharedLimit } from "./rate-sharing.ts";

/** What a pass of the controller found for the scaler to work with. */
export interface ScalerTarget {
  readonly pool: WorkerPool;
  readonly broker: Broker;
  /** The JobQueue as it is on the broker. */
  readonly onBroker: JobQueueOnBroker;
  /** The same as of now, from the cache. */
  latestOnBroker(): JobQueueOnBroker;
  /** The JobQueue is being deleted: nothing of it may be made anew. */
  readonly queueIsDeleted: boolean;
  /** Where its jobs wait: the work queue, all lanes that are there, and the queue for what comes back. */
  readonly queues: readonly [string, ...string[]];
  readonly rateLimit: SharedLimit | undefined;
  /** The JobQueue's spec.paused. */
  readonly queuePaused: boolean;
  /** Those of spec.scaling.schedules that can be kept. */
  readonly schedules: readonly Schedule[];
  readonly configurationHash: string;
  /** The Secret with the keys of a queue that encrypts. */
  readonly keyring: string | undefined;
  /** Which of the pool's users the workers have. */
  readonly credentialsGeneration: number;
}

/** What a step goes by, of what a pass finds. */
export function decidesBy({ pool, onBroker, queues, queuePaused, queueIsDeleted, schedules, rateLimit }: ScalerTarget) {
  return [pool.spec, onBroker, queues, queuePaused, queueIsDeleted, schedules, rateLimit];
}
