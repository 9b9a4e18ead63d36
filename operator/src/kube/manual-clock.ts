import type { Clock } from "./clock.ts";

/** A clock for tests: time moves only when told to, and timers fire in the order of their times. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    after(delayMs, callback) {
      const timer = { at: now + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = now + ms;
      while (true) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (!next) {
          break;
        }
        timers.delete(next);
        now = next.at;
        next.callback();
      }
      now = until;
    },
  };
}
