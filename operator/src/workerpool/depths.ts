import { type Broker, type Depth, readDepths } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/** Where the jobs of a pool wait: the work queue first, then its lanes and the queue for what comes back. */
type Queues = readonly [workQueue: string, ...others: string[]];

/**
 * The depths of the queues of pools of one vhost, in one poll; a pool's is the sum over its queues. A pool of which a queue
 * does not answer, or whose work queue does not exist, or that is on a broker that cannot be reached, is missing from the
 * result. Never rejects.
 *
 * @param onMissing told of each queue that the broker says is not there.
 */
export async function readPoolDepths<P extends { readonly queues: Queues }>(
  broker: Broker,
  pools: readonly P[],
  log: Logger,
  onMissing: (queue: string) => void = () => {},
): Promise<Map<P, Depth>> {
  const found = new Map<P, Depth>();
  try {
    const depths = await readDepths(broker.connection, [...new Set(pools.flatMap(({ queues }) => queues))]);
    for (const [queue, depth] of depths) if (depth === undefined) onMissing(queue);
    for (const pool of pools) {
      const depth = sumOf(depths, pool.queues);
      if (depth !== undefined) found.set(pool, depth);
    }
  } catch (error) {
    log.debug({ host: broker.address.host, err: error }, "depths could not be read; pools hold what they have");
  }
  return found;
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
