import { expect, test } from "vitest";
import { mayBeListed, mayRest, nextLookMs, sleepingPollMs } from "./sleeping.ts";

test("a sleeping pool is looked at within a quarter of its target wait, but no more than once a second", () => {
  expect(sleepingPollMs(1_000)).toBe(1_000);
  expect(sleepingPollMs(5_000)).toBe(1_250);
  expect(sleepingPollMs(30_000)).toBe(7_500);
  expect(sleepingPollMs(3_600_000)).toBe(10_000);
});

test("pools that a listing serves are looked at together, others each in its time", () => {
  expect(mayBeListed(30_000)).toBe(true);
  expect(mayBeListed(29_000)).toBe(false);
  const next = (nowMs: number, listed: boolean, chance = 0.5) =>
    nextLookMs(nowMs, { targetWaitMs: 30_000, listed, chance });
  expect([next(10_001, true), next(12_499, true)]).toEqual([12_500, 12_500]);
  expect([next(10_000, false, 0), next(10_000, false, 1)]).toEqual([13_750, 17_500]);
});

test("a pool rests until its next look, but not for as long as the clock was set back", () => {
  expect([mayRest(10_000, 17_500), mayRest(17_500, 17_500)]).toEqual([true, false]);
  expect(mayRest(10_000 - 300_000, 17_500)).toBe(false);
});
