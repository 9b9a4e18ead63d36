import { setTimeout as sleep } from "node:timers/promises";

/** How often every pool is looked at. */
const intervalMs = 1_000;

/** A pool, as far as the loop is concerned. */
export interface Scaled {
  /** Takes one step; `backlogReady` is undefined where the broker could not be asked. Never rejects. */
  tick(nowMs: number, backlogReady: number | undefined): Promise<void>;
}

/**
 * The one place where scaling meets time: each second it reads the backlogs of all pools together, and lets each pool
 * take a step. A pool whose step takes longer than a second misses the next, and holds up no other.
 */
export function startLoop<P extends Scaled>(options: {
  pools(): Iterable<P>;
  /** The jobs ready for each pool; a pool that is missing could not be asked for. Never rejects. */
  readBacklogs(pools: readonly P[]): Promise<ReadonlyMap<P, number>>;
}): AsyncDisposable {
  const stopping = new AbortController();
  const stepping = new Map<P, Promise<void>>();

  async function round(): Promise<void> {
    const free = [...options.pools()].filter((pool) => !stepping.has(pool));
    const backlogs = await options.readBacklogs(free);
    for (const pool of free) {
      const step = pool.tick(Date.now(), backlogs.get(pool)).finally(() => stepping.delete(pool));
      stepping.set(pool, step);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      await round();
      const restMs = Math.max(0, intervalMs - (Date.now() - startedAt));
      await sleep(restMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    await Promise.all(stepping.values());
  }

  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
