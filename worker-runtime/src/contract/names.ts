/**
 * What every resource on the broker is called. Operator, worker and producer agree on these names; a message-format
 * reader in another language may rely on them too.
 */

/** The broker's resources of one JobQueue whose resolved name is `queue`, for example `media.image-resize`. */
export interface QueueNames {
  /** Topic exchange that producers publish to. */
  readonly exchange: string;
  /** The work queue. */
  readonly queue: string;
  /** Fanout exchange that feeds the dead-letter queue. */
  readonly deadLetterExchange: string;
  /** Quorum queue of jobs that failed for good. */
  readonly deadLetterQueue: string;
  /** Topic exchange of what became of jobs; see outcome-event.ts. */
  readonly outcomeExchange: string;
}

/** Whether a JobQueue's resolved name may be so: words of letters, digits, `-` and `_` with dots between, at most 200 characters. */
export function isQueueName(name: unknown): name is string {
  return typeof name === "string" && name.length <= 200 && /^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$/.test(name);
}

/** Names every resource of a JobQueue from its resolved name. */
export function queueNames(name: string): QueueNames {
  return {
    exchange: name,
    queue: name,
    deadLetterExchange: `${name}.dlx`,
    deadLetterQueue: `${name}.dead`,
    outcomeExchange: `${name}.outcomes`,
  };
}

/** The queue of lane `lane` of the JobQueue whose resolved name is `queue`. */
export function laneQueue(queue: string, lane: string): string {
  return `${queue}.${lane}`;
}

/** Names that no lane may have: the queue's own resources are called so. */
export const reservedLanes: readonly string[] = ["dead", "dlx", "outcomes", "returns", "unlaned"];

/** Whether a lane may be called so: a DNS label that is none of {@link reservedLanes}. */
export function isLaneName(name: unknown): name is string {
  return typeof name === "string" && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) && !reservedLanes.includes(name);
}

/** Name of no lane: workers and operator call so what comes back to a bounded queue. */
export const returnsLane = "returns";

/**
 * Quorum queue without limits to which the delayed jobs and the retries of a bounded queue and of its lanes come back:
 * they must not be refused for lack of room, since that would stop the delay fabric for everybody.
 */
export function returnsQueue(queue: string): string {
  return laneQueue(queue, returnsLane);
}

/** Routing key that sends job `job` to lane `lane`. Jobs without a lane are published with their name alone. */
export function laneRoutingKey(lane: string, job: string): string {
  return `lane.${lane}.${job}`;
}

/** Topic exchange, one per vhost, for outcomes that a producer asked for with `reply_to`, which is the routing key. */
export const repliesExchange = "jobwright.replies";

/** Topic exchange that workers send heartbeats to, one per vhost. */
export const heartbeatExchange = "jobwright.heartbeats";

/** One worker process: its WorkerPool and its pod. Pool and pod are DNS labels, so the key has exactly three words. */
export interface WorkerIdentity {
  readonly namespace: string;
  readonly pool: string;
  readonly pod: string;
}

/** Routing key of a worker's heartbeats: `<namespace>.<pool>.<pod>`. */
export function heartbeatRoutingKey({ namespace, pool, pod }: WorkerIdentity): string {
  return `${namespace}.${pool}.${pod}`;
}

/**
 * The queue on which a worker takes the operator's commands. The worker declares it classic and exclusive, so it goes
 * with the worker's connection; the operator writes to it through the default exchange.
 */
export function controlQueue({ namespace, pool, pod }: WorkerIdentity): string {
  return `jobwright.control.${namespace}.${pool}.${pod}`;
}
