const shortestMs = 1_000;
const longestMs = 10_000;

/** The broker counts what is in its queues so often by itself, ms. */
const countedMs = 5_000;

/** How often all queues are listed with these counts, while pools at zero are looked at that way. */
const listedMs = 2_500;

/**
 * How often the queue of a pool at zero is looked at, ms. What is published wakes it by a push; only what comes another way
 * (a delayed job, a retry, a job put straight into the queue) waits for this, and has most of its time left then.
 */
export function sleepingPollMs(targetWaitMs: number): number {
  return Math.min(Math.max(targetWaitMs / 4, shortestMs), longestMs);
}

/** Whether a listing finds such jobs soon enough, as old as its counts are. */
export function mayBeListed(targetWaitMs: number): boolean {
  return sleepingPollMs(targetWaitMs) >= countedMs + listedMs;
}

/**
 * When a pool at zero is to be looked at next, ms since the Unix epoch. Those that a listing serves all at once; the others, of
 * which many may have fallen asleep together, not all at the same time.
 *
 * @param chance 0 to 1.
 */
export function nextLookMs(
  nowMs: number,
  {
    targetWaitMs,
    listed,
    chance,
  }: { readonly targetWaitMs: number; readonly listed: boolean; readonly chance: number },
): number {
  if (listed) return nowMs - (nowMs % listedMs) + listedMs;
  return nowMs + sleepingPollMs(targetWaitMs) * (0.5 + chance / 2);
}

/** Whether it is not time yet to look again. What is later than any next look was noted before the clock was set back. */
export function mayRest(nowMs: number, untilMs: number): boolean {
  return nowMs < untilMs && untilMs - nowMs <= longestMs;
}
