/** Waits that double from `firstMs` to `maxMs`, each spread over its upper half so that many workers do not return at once. */
export interface Backoff {
  /** The next wait, in ms. */
  next(): number;
  /** Call after a success: the next wait is the first again. */
  reset(): void;
}

export function createBackoff(firstMs: number, maxMs: number, random: () => number = Math.random): Backoff {
  let waitMs = firstMs;
  return {
    next() {
      const current = waitMs;
      waitMs = Math.min(maxMs, waitMs * 2);
      return current * (0.5 + random() / 2);
    },
    reset() {
      waitMs = firstMs;
    },
  };
}
