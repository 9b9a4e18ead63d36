import { type Broker, type Depth, readDepths } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/**
 * The depths of the queues of pools of one vhost, in one poll. A queue that does not answer, does not exist or is on a
 * broker that cannot be reached is missing from the result. Never rejects.
 */
export async function readPoolDepths<P extends { readonly queue: string }>(
  broker: Broker,
  pools: readonly P[],
  log: Logger,
): Promise<Map<P, Depth>> {
  const found = new Map<P, Depth>();
  try {
    const depths = await readDepths(broker.connection, [...new Set(pools.map(({ queue }) => queue))]);
    for (const pool of pools) {
      const depth = depths.get(pool.queue);
      if (depth !== undefined) found.set(pool, depth);
    }
  } catch (error) {
    log.debug({ host: broker.address.host, err: error }, "depths could not be read; pools hold what they have");
  }
  return found;
}
