import { laneQueue, queueNames, returnsLane } from "@jobwright/worker-runtime/contract";
import type { JobQueueStatus } from "../api/job-queue.ts";
import type { Broker, Totals } from "../broker/index.ts";

const none: Totals = { ready: 0, unacked: 0, deadLettering: 0 };

/**
 * Counts for `kubectl get`, its lanes' and what came back included, from one listing for all JobQueues of the vhost. A queue that
 * was made after the listing has no job yet.
 */
export async function readCounts(
  broker: Broker,
  name: string,
  lanes: readonly string[],
): Promise<NonNullable<JobQueueStatus["jobs"]>> {
  const totals = await broker.totals.get();
  const { queue, deadLetterQueue } = queueNames(name);
  const queues = [queue, ...[...lanes, returnsLane].map((lane) => laneQueue(name, lane))];
  const all = queues.map((one) => totals.get(one) ?? none);
  const waiting = all.reduce((sum, { ready }) => sum + ready, 0);
  const running = all.reduce((sum, { unacked }) => sum + unacked, 0);
  return { waiting, running, dead: totals.get(deadLetterQueue)?.ready ?? 0 };
}
