/** How a run ended, as far as the breaker is concerned; `Neither` for outcomes that say nothing about what jobs depend on. */
export type RunResult = "Succeeded" | "Failed" | "Neither";

/** - `Closed`: jobs start. - `Open`: none does. - `HalfOpen`: one at a time does, to see whether it works again. */
export type BreakerState = "Closed" | "Open" | "HalfOpen";

export interface CircuitBreakerOptions {
  /** So many failures in a row, over all slots, open it. */
  readonly failures: number;
  /** How long it is open at first; doubled each time that the probe fails. */
  readonly firstMs: number;
  /** At most. */
  readonly maxMs: number;
}

/**
 * Stops jobs from burning their attempts while something that they all need is down. A success closes it, whenever the
 * run began; only failures of handlers count, since a job that gave up or whose input is wrong says nothing about the next.
 */
export interface CircuitBreaker {
  state(nowMs: number): BreakerState;
  /** A run ended. @returns whether the state changed. */
  record(result: RunResult, nowMs: number): boolean;
  /** Until it is half open, in ms; 0 unless it is open. */
  waitMs(nowMs: number): number;
}

export function createCircuitBreaker({ failures, firstMs, maxMs }: CircuitBreakerOptions): CircuitBreaker {
  let inARow = 0;
  let openUntilMs: number | undefined;
  let openForMs = firstMs;

  function state(nowMs: number): BreakerState {
    if (openUntilMs === undefined) return "Closed";
    return nowMs < openUntilMs ? "Open" : "HalfOpen";
  }

  function open(nowMs: number): void {
    openUntilMs = nowMs + openForMs;
    openForMs = Math.min(maxMs, openForMs * 2);
  }

  return {
    state,
    record(result, nowMs) {
      if (result === "Neither") return false;
      if (result === "Succeeded") {
        inARow = 0;
        openForMs = firstMs;
        const changed = openUntilMs !== undefined;
        openUntilMs = undefined;
        return changed;
      }
      inARow += 1;
      const now = state(nowMs);
      // Failures of runs that began before it opened are no news.
      if (now === "Open" || (now === "Closed" && inARow < failures)) return false;
      open(nowMs);
      return true;
    },
    waitMs(nowMs) {
      return openUntilMs === undefined ? 0 : Math.max(0, openUntilMs - nowMs);
    },
  };
}
