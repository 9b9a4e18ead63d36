/**
 * Time, as far as running jobs is concerned. Passed in rather than taken from the process, so that the testing kit can
 * let hours pass in no time.
 */
export interface Clock {
  /** Wall clock, in ms since the Unix epoch: what messages carry. */
  now(): number;
  /** A clock that is never set, in ms: what durations are measured with. */
  monotonic(): number;
  /**
   * Calls `then` once after `delayMs`.
   *
   * @param options `ref: false`: the process may end before.
   * @returns call it to cancel.
   */
  after(delayMs: number, then: () => void, options?: { ref?: boolean }): () => void;
}

/** The process's own time. */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(delayMs, then, { ref = true } = {}) {
    const timer = setTimeout(then, delayMs);
    if (!ref) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or as soon as `signal` is aborted. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
