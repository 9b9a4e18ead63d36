const shortestMs = 1_000;
const longestMs = 10_000;

/**
 * How often the queue of a pool at zero is looked at, ms. What is published wakes it by a push; only what comes another way
 * (a delayed job, a retry, a job put straight into the queue) waits for this, and has most of its time left then.
 */
export function sleepingPollMs(targetWaitMs: number): number {
  return Math.min(Math.max(targetWaitMs / 4, shortestMs), longestMs);
}
