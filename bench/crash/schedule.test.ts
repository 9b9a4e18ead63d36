import { expect, test } from "vitest";
import { killSchedule, type Victim } from "./schedule.ts";

test("a seed decides who is killed when, and another seed differently", () => {
  expect(killSchedule(7, 60)).toEqual(killSchedule(7, 60));
  expect(killSchedule(7, 60)).not.toEqual(killSchedule(8, 60));
});

test.each([20, 60, 600])(
  "in %i s each kind is killed, in order of time, neither at the very start nor at the end",
  (seconds) => {
    for (let seed = 0; seed < 50; seed += 1) {
      const kills = killSchedule(seed, seconds);
      const victims: Victim[] = kills.map(({ victim }) => victim);
      expect(new Set(victims)).toEqual(new Set(["worker", "producer", "broker"]));
      const times = kills.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(4_000);
      expect(times.at(-1)).toBeLessThan(seconds * 1000 - 4_000);
    }
  },
);
