import type { Clock } from "./clock.ts";

/** Lets `burst` through at once and `perSecond` in the long run. */
export interface TokenBucket {
  /** Takes a token, from the future where none is left; returns how long to wait for it in milliseconds. */
  reserveMs(): number;
  /** Takes a token if one is there now. */
  tryTake(): boolean;
}

export function createTokenBucket(perSecond: number, burst: number, clock: Clock): TokenBucket {
  let tokens = burst;
  let refilledAt = clock.now();
  function refill(): void {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - refilledAt) / 1000) * perSecond);
    refilledAt = now;
  }
  return {
    reserveMs() {
      refill();
      tokens -= 1;
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000;
    },
    tryTake() {
      refill();
      if (tokens < 1) {
        return false;
      }
      tokens -= 1;
      return true;
    },
  };
}
