/** What a duration looks like in a manifest: `250ms`, `30s`, `1h30m`. Go's format without days and fractions. */
export const durationPattern = /^([0-9]+(ms|s|m|h))+$/;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * A duration in milliseconds.
 *
 * @throws TypeError if `text` is not a duration, saying what one looks like.
 */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) {
    throw new TypeError(
      `"${text}" is not a duration: expected whole numbers with ms, s, m or h, such as 250ms, 30s or 1h30m`,
    );
  }
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|s|m|h)/g)) {
    totalMs += Number(count) * (unitMs[unit ?? ""] ?? 0);
  }
  return totalMs;
}
