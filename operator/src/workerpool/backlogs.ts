import { type Broker, readDepths } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/** A pool's work queue, and where it is. */
export interface WithQueue {
  readonly broker: Broker;
  readonly queue: string;
}

/**
 * The jobs ready in each pool's queue: one poll for all queues of a vhost. A queue that does not answer, does not exist or
 * is on a broker that cannot be reached is missing from the result. Never rejects.
 */
export async function readBacklogs<P extends WithQueue>(pools: readonly P[], log: Logger): Promise<Map<P, number>> {
  const backlogs = new Map<P, number>();
  const byBroker = Map.groupBy(pools, ({ broker }) => broker);
  await Promise.all(
    [...byBroker].map(async ([broker, mine]) => {
      try {
        const depths = await readDepths(broker.connection, [...new Set(mine.map(({ queue }) => queue))]);
        for (const pool of mine) {
          const depth = depths.get(pool.queue);
          if (depth !== undefined) backlogs.set(pool, depth.ready);
        }
      } catch (error) {
        log.debug({ host: broker.address.host, err: error }, "backlogs could not be read; pools hold what they have");
      }
    }),
  );
  return backlogs;
}
