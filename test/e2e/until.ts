import { setTimeout as sleep } from "node:timers/promises";

/**
 * Looks until `probe` says something, and returns it.
 *
 * @throws Error with what was waited for, when it has said nothing (false, undefined) or thrown for `limitSeconds`.
 */
export async function until<Found>(
  what: string,
  probe: () => Promise<Found | false | undefined> | Found | false | undefined,
  limitSeconds = 60,
): Promise<Found> {
  const giveUpAt = performance.now() + limitSeconds * 1000;
  for (;;) {
    let thrown: unknown;
    try {
      const found = await probe();
      if (found !== false && found !== undefined) return found;
    } catch (error) {
      thrown = error;
    }
    if (performance.now() > giveUpAt) throw new Error(`not so after ${limitSeconds} s: ${what}`, { cause: thrown });
    await sleep(100);
  }
}
