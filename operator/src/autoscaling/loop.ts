import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

/** How often every pool is looked at. */
const intervalMs = 1_000;
/** Of a thousand pools not all take their step in one turn of the event loop: so long at most. */
const turnMs = 10;

/** A pool, as far as the loop is concerned. `Depth`: what its queue looks like. */
export interface Scaled<Depth> {
  /** Whether it is to be looked at now. */
  isDue(nowMs: number): boolean;
  /** Takes one step, unless one is under way; `depth` is undefined where the broker could not be asked. Never rejects. */
  tick(nowMs: number, depth: Depth | undefined): Promise<void>;
}

/**
 * The one place where scaling meets time: each second the depths of all pools of a group (a broker) that are due are read
 * together, and each of them takes a step. A group that answers slowly misses rounds, and holds up no other; nor does a slow pool.
 */
export function startLoop<Group, Depth, P extends Scaled<Depth>>(options: {
  pools(): Iterable<P>;
  groupOf(pool: P): Group;
  /** The depth for each pool; one that is missing could not be asked for. Never rejects. */
  readDepths(group: Group, pools: readonly P[]): Promise<ReadonlyMap<P, Depth>>;
}): AsyncDisposable {
  const stopping = new AbortController();
  const looking = new Map<Group, Promise<void>>();
  const stepping = new Set<Promise<void>>();

  async function look(group: Group, pools: readonly P[]): Promise<void> {
    const depths = await options.readDepths(group, pools);
    if (stopping.signal.aborted) return;
    let turnedAt = performance.now();
    for (const pool of pools) {
      if (performance.now() - turnedAt >= turnMs) {
        await nextTurn();
        turnedAt = performance.now();
      }
      const step = pool.tick(Date.now(), depths.get(pool)).finally(() => stepping.delete(step));
      stepping.add(step);
    }
  }

  function duePools(): P[] {
    const nowMs = Date.now();
    return [...options.pools()].filter((pool) => pool.isDue(nowMs));
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const [group, pools] of Map.groupBy(duePools(), options.groupOf)) {
        if (!looking.has(group))
          looking.set(
            group,
            look(group, pools).finally(() => looking.delete(group)),
          );
      }
      await sleep(intervalMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await Promise.all(looking.values());
      await Promise.all(stepping);
    },
  };
}
