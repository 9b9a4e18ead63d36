import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until `probe` says something, and returns it.
 *
 * @throws when it has said nothing (false, undefined) or thrown for 60 s, with what was waited for.
 */
export async function until<Found>(
  what: string,
  probe: () => Promise<Found | false | undefined> | Found | false | undefined,
  limitMs = 60_000,
): Promise<Found> {
  const giveUpAt = performance.now() + limitMs;
  let thrown: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== false && found !== undefined) return found;
      thrown = undefined;
    } catch (error) {
      thrown = error;
    }
    if (performance.now() > giveUpAt) {
      // In the message, too: not every report of tests shows causes.
      const last = thrown === undefined ? "" : `: ${thrown instanceof Error ? thrown.message : thrown}`;
      throw new Error(`waited ${limitMs} ms for ${what}${last}`, { cause: thrown });
    }
    await sleep(25);
  }
}
