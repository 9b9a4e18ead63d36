import { laneQueue, queueNames, returnsLane } from "@jobwright/worker-runtime/contract";
import type { JobQueueStatus } from "../api/job-queue.ts";
import type { Broker, Totals, VhostTotals } from "../broker/index.ts";

type Jobs = NonNullable<JobQueueStatus["jobs"]>;

const none: Totals = { ready: 0, unacked: 0, deadLettering: 0 };

/** Counts for `kubectl get`, from one listing for all JobQueues of the vhost. */
export async function readCounts(broker: Broker, name: string, lanes: readonly string[]): Promise<Jobs> {
  return countJobs(await broker.totals.get(), name, lanes);
}

/**
 * A JobQueue's jobs, its lanes' and what came back included. A queue that was made after the listing has no job yet. What the
 * broker has given up is dead already while it has yet to move it to the dead-letter queue: otherwise it would be nowhere.
 */
export function countJobs(totals: VhostTotals, name: string, lanes: readonly string[]): Jobs {
  const { queue, deadLetterQueue } = queueNames(name);
  const queues = [queue, ...[...lanes, returnsLane].map((lane) => laneQueue(name, lane))];
  const all = queues.map((one) => totals.get(one) ?? none);
  const sumOf = (state: keyof Totals) => all.reduce((sum, totals) => sum + totals[state], 0);
  const there = totals.get(deadLetterQueue) ?? none;
  // Those that somebody looks at among them: else they would seem to arrive when they are put back.
  const dead = there.ready + there.unacked + sumOf("deadLettering");
  return { waiting: sumOf("ready"), running: sumOf("unacked"), dead };
}
