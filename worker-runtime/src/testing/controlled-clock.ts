import type { Clock } from "../clock.ts";

/** A clock that stands still until it is turned. */
export interface ControlledClock extends Clock {
  /** When the next timer is due, in ms since the Unix epoch; undefined when there is none. */
  readonly nextMs: number | undefined;
  /** Turns it to the next timer, if that is due by `limitMs`, and fires it. @returns whether there was one. */
  fireNext(limitMs: number): boolean;
  /** Turns it to `ms`, which must not be before now; timers that are due by then must have been fired. */
  turnTo(ms: number): void;
}

export function controlledClock(startMs: number): ControlledClock {
  let nowMs = startMs;
  // Timers that are due together fire in the order in which they were set.
  const timers: { readonly atMs: number; readonly then: () => void }[] = [];

  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    after(delayMs, then) {
      const timer = { atMs: nowMs + Math.max(0, delayMs), then };
      const later = timers.findIndex(({ atMs }) => atMs > timer.atMs);
      timers.splice(later === -1 ? timers.length : later, 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index !== -1) timers.splice(index, 1);
      };
    },
    get nextMs() {
      return timers[0]?.atMs;
    },
    fireNext(limitMs) {
      const [next] = timers;
      if (next === undefined || next.atMs > limitMs) return false;
      timers.shift();
      nowMs = Math.max(nowMs, next.atMs);
      next.then();
      return true;
    },
    turnTo(ms) {
      nowMs = Math.max(nowMs, ms);
    },
  };
}
