import { type Broker, type Depth, readDepths, type VhostTotals } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/** Where the jobs of a pool wait: the work queue first, then its lanes and the queue for what comes back. */
type Queues = readonly [workQueue: string, ...others: string[]];

interface Asked {
  readonly queues: Queues;
  /** At zero, and a figure that is some seconds old will do. */
  readonly mayBeListed: boolean;
}

/** What is in a pool's queues. */
export interface PoolDepth extends Depth {
  /** By the broker's own counts, up to five seconds old, of all queues of the vhost. */
  readonly listed?: true;
}

/** Of fewer pools each is asked for by itself: a listing costs the broker more. */
const worthListing = 10;

/**
 * The depths of the queues of pools of one vhost; a pool's is the sum over its queues. Of many pools at zero one listing tells
 * which have no jobs; the others are asked for, in one poll. A pool of which a queue does not answer, or whose work queue does not
 * exist, or that is on a broker that cannot be reached, is missing from the result. Never rejects.
 *
 * @param onMissing told of each queue that the broker says is not there.
 */
export async function readPoolDepths<P extends Asked>(
  broker: Broker,
  pools: readonly P[],
  log: Logger,
  onMissing: (queue: string) => void = () => {},
): Promise<Map<P, PoolDepth>> {
  const found = new Map<P, PoolDepth>();
  try {
    for (const pool of await withoutJobs(broker, pools)) found.set(pool, { ready: 0, consumers: 0, listed: true });
    const asked = pools.filter((pool) => !found.has(pool));
    if (asked.length === 0) return found;
    const depths = await readDepths(broker.connection, [...new Set(asked.flatMap(({ queues }) => queues))]);
    for (const [queue, depth] of depths) if (depth === undefined) onMissing(queue);
    for (const pool of asked) {
      const depth = sumOf(depths, pool.queues);
      if (depth !== undefined) found.set(pool, depth);
    }
  } catch (error) {
    log.debug({ host: broker.address.host, err: error }, "depths could not be read; pools hold what they have");
  }
  return found;
}

/** Of the pools at zero, where they are many, those that have no jobs by a listing; none where it cannot be had. */
async function withoutJobs<P extends Asked>(broker: Broker, pools: readonly P[]): Promise<P[]> {
  const atZero = pools.filter(({ mayBeListed }) => mayBeListed);
  if (atZero.length < worthListing) return [];
  try {
    const totals = await broker.totals.get();
    return atZero.filter(({ queues }) => isEmpty(totals, queues));
  } catch {
    return [];
  }
}

/** A queue that is not listed may be new, or missing: it is asked for. */
export function isEmpty(totals: VhostTotals, queues: Queues): boolean {
  return totals.has(queues[0]) && queues.every((queue) => (totals.get(queue)?.ready ?? 0) === 0);
}

/** A lane's queue that is not there (yet, or any more) has no jobs; one that does not answer may have any. */
export function sumOf(depths: ReadonlyMap<string, Depth | undefined>, queues: Queues): Depth | undefined {
  if (depths.get(queues[0]) === undefined || !queues.every((queue) => depths.has(queue))) return undefined;
  const there = queues.flatMap((queue) => depths.get(queue) ?? []);
  return {
    ready: there.reduce((sum, { ready }) => sum + ready, 0),
    consumers: there.reduce((sum, { consumers }) => sum + consumers, 0),
  };
}
