/** Paces starts: a token a start, and tokens come at an even rate. */
export interface TokenBucket {
  /** In jobs a second; undefined for no limit. */
  readonly perSecond: number | undefined;
  /** Changes the rate from `nowMs` on. */
  setRate(perSecond: number | undefined, nowMs: number): void;
  /** Takes a token if there is one. */
  take(nowMs: number): boolean;
  /** A token that was taken was not made use of. */
  giveBack(): void;
  /** Until a token is there, in ms: 0 if there is one, Infinity if none ever comes. */
  waitMs(nowMs: number): number;
  /** How many starts are possible until `withinMs` from now, Infinity without a limit. */
  startable(nowMs: number, withinMs: number): number;
}

/** Timers are no more exact than this, so tokens of so long may be spent together. */
const graininessMs = 20;

/**
 * A bucket that is hardly deeper than one token: starts are spread evenly and not made in bursts, so that several workers,
 * each with a share of one limit, keep to it together in any stretch of time. Times are of one clock, in ms.
 */
export function createTokenBucket(perSecond: number | undefined, nowMs: number): TokenBucket {
  let rate = perSecond;
  let tokens = 1;
  let atMs = nowMs;

  function depth(): number {
    return rate === undefined ? 1 : Math.max(1, (rate * graininessMs) / 1000);
  }

  function refill(nowMs: number): void {
    if (rate !== undefined) tokens = Math.min(depth(), tokens + (Math.max(0, nowMs - atMs) * rate) / 1000);
    atMs = Math.max(atMs, nowMs);
  }

  // Sums of fractions fall short of 1 by a trifle.
  const enough = () => tokens >= 1 - 1e-9;

  return {
    get perSecond() {
      return rate;
    },
    setRate(next, nowMs) {
      refill(nowMs);
      rate = next;
      tokens = Math.min(tokens, depth());
    },
    take(nowMs) {
      if (rate === undefined) return true;
      refill(nowMs);
      if (!enough()) return false;
      tokens = Math.max(0, tokens - 1);
      return true;
    },
    giveBack() {
      tokens = Math.min(depth(), tokens + 1);
    },
    waitMs(nowMs) {
      if (rate === undefined) return 0;
      refill(nowMs);
      if (enough()) return 0;
      return rate === 0 ? Number.POSITIVE_INFINITY : ((1 - tokens) / rate) * 1000;
    },
    startable(nowMs, withinMs) {
      if (rate === undefined) return Number.POSITIVE_INFINITY;
      refill(nowMs);
      return Math.floor(tokens + (rate * withinMs) / 1000 + 1e-9);
    },
  };
}
