import { DefinitionError } from "../errors.ts";
import { shown } from "../shown.ts";
import type { OnceStore } from "./store.ts";

/**
 * Remembers in this process only, and for jobs with `isolate: true` in their own thread only: for tests, and for work that
 * is merely wasteful to repeat. What another worker has done, or this one before it was started again, it does not know.
 *
 * @param options.maxEntries how much is remembered; beyond it, the oldest result is forgotten. Default 100,000.
 * @throws DefinitionError when that is no number above 0.
 */
export function memoryStore({ maxEntries = 100_000 }: { maxEntries?: number } = {}): OnceStore {
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    throw new DefinitionError(`memoryStore: maxEntries is ${shown(maxEntries)}: expected a whole number, at least 1`);
  }
  // Results apart from leases: only they may be forgotten. Oldest first, as they all live equally long.
  const results = new Map<string, { readonly result: string; readonly untilMs: number }>();
  const leases = new Map<string, { readonly token: string; readonly untilMs: number }>();

  function live<E extends { readonly untilMs: number }>(entries: Map<string, E>, key: string): E | undefined {
    const entry = entries.get(key);
    if (entry === undefined || entry.untilMs > performance.now()) return entry;
    entries.delete(key);
    return undefined;
  }

  const holds = (key: string, token: string) => live(leases, key)?.token === token;

  function forgetOldest(): void {
    for (const [key, { untilMs }] of results) {
      if (results.size <= maxEntries && untilMs > performance.now()) return;
      results.delete(key);
    }
  }

  return {
    async acquire(key, token, leaseMs) {
      const done = live(results, key);
      if (done !== undefined) return { state: "Done", result: done.result };
      const held = live(leases, key);
      if (held !== undefined) return { state: "Held", forMs: held.untilMs - performance.now() };
      leases.set(key, { token, untilMs: performance.now() + leaseMs });
      return { state: "Acquired" };
    },
    async renew(key, token, leaseMs) {
      if (!holds(key, token)) return false;
      leases.set(key, { token, untilMs: performance.now() + leaseMs });
      return true;
    },
    async complete(key, token, result, ttlMs) {
      if (live(results, key) !== undefined) return false;
      if (live(leases, key) !== undefined && !holds(key, token)) return false;
      leases.delete(key);
      results.set(key, { result, untilMs: performance.now() + ttlMs });
      forgetOldest();
      return true;
    },
    async release(key, token) {
      if (holds(key, token)) leases.delete(key);
    },
  };
}
