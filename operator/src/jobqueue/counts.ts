import { laneQueue, queueNames, returnsLane } from "@jobwright/worker-runtime/contract";
import type { JobQueueStatus } from "../api/job-queue.ts";
import { type Broker, readTotals, type Totals } from "../broker/index.ts";

/** How old a listing may be that all JobQueues of a vhost read their counts from. */
const maxAgeMs = 5_000;

const listings = new WeakMap<Broker, { readonly since: number; readonly totals: Promise<Map<string, Totals>> }>();

/**
 * Counts for `kubectl get`, its lanes' and what came back included, from one listing for all JobQueues of the vhost. Undefined for a queue that
 * is not there.
 */
export async function readCounts(
  broker: Broker,
  name: string,
  lanes: readonly string[],
): Promise<JobQueueStatus["jobs"]> {
  let listing = listings.get(broker);
  if (listing === undefined || Date.now() - listing.since > maxAgeMs) {
    listing = { since: Date.now(), totals: readTotals(broker) };
    listings.set(broker, listing);
  }
  const totals = await listing.totals;
  const { queue, deadLetterQueue } = queueNames(name);
  const work = totals.get(queue);
  if (work === undefined) return undefined;
  const all = [
    work,
    ...[...lanes, returnsLane].map((lane) => totals.get(laneQueue(name, lane)) ?? { ready: 0, unacked: 0 }),
  ];
  const waiting = all.reduce((sum, { ready }) => sum + ready, 0);
  const running = all.reduce((sum, { unacked }) => sum + unacked, 0);
  return { waiting, running, dead: totals.get(deadLetterQueue)?.ready ?? 0 };
}
