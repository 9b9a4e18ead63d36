import { expect, test } from "vitest";
import { type LongestRun, longestRunSeconds, noteRun } from "./longest-run.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

test("the longest run counts half with each day since it ended", () => {
  const longest: LongestRun = { seconds: 14_400, atMs: 0 };
  const after = (ms: number) => longestRunSeconds(longest, ms);
  expect([after(0), after(dayMs - 1), after(dayMs), after(7 * dayMs)]).toEqual([14_400, 14_400, 7_200, 112.5]);
  expect(longestRunSeconds(undefined, 0)).toBe(0);
  // The clock was set back.
  expect(after(-dayMs)).toBe(14_400);
});

test("a longer run takes its place, or one that is longer than what still counts of it", () => {
  let longest = noteRun(undefined, { seconds: 0, atMs: 0 });
  expect(longest).toBeUndefined();
  longest = noteRun(longest, { seconds: 14_400, atMs: 0 });
  longest = noteRun(longest, { seconds: 8_000, atMs: dayMs - 1 });
  expect(longest?.seconds).toBe(14_400);
  longest = noteRun(longest, { seconds: 8_000, atMs: dayMs });
  expect(longest).toEqual({ seconds: 8_000, atMs: dayMs });
});

test("a job of 4 h each night is never taken for stuck", () => {
  let longest: LongestRun | undefined;
  for (let night = 0; night < 30; night += 1) {
    const endsAtMs = night * dayMs + 4 * hourMs;
    if (night > 0) expect(3 * longestRunSeconds(longest, endsAtMs)).toBeGreaterThan(14_400);
    longest = noteRun(longest, { seconds: 14_000 + 100 * (night % 3), atMs: endsAtMs });
  }
});
