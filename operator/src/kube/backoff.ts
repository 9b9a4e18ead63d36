/** Delays that double from `minMs` to `maxMs`, each stretched by up to a half at random so that clients part. */
export interface Backoff {
  nextMs(): number;
  reset(): void;
}

/** @param random 0 ≤ x < 1; tests pass their own. */
export function createBackoff(minMs: number, maxMs: number, random: () => number = Math.random): Backoff {
  let delayMs = minMs;
  return {
    nextMs() {
      const jittered = delayMs * (1 + random() / 2);
      delayMs = Math.min(delayMs * 2, maxMs);
      return jittered;
    },
    reset() {
      delayMs = minMs;
    },
  };
}
