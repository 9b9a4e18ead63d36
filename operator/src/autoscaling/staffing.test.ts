import { expect, test } from "vitest";
import { slotsForStream } from "./staffing.ts";

const limits = { maxReplicas: 100, concurrency: 1 };

function slots(
  arrivalsPerSecond: number,
  serviceSeconds: number,
  targetSeconds: number,
  serviceVariability = 1,
): number {
  const stream = { arrivalsPerSecond, serviceSeconds, serviceVariability, targetSeconds };
  return slotsForStream({ ...stream, horizonSeconds: targetSeconds - 2 }, limits);
}

test("a stream of nothing asks for nothing, and one beyond the pool for what it fills", () => {
  expect(slots(0, 10, 5)).toBe(0);
  expect(slots(50, 10, 5)).toBe(500);
});

test("Erlang's C tells how many slots long jobs need beside those that they fill", () => {
  // Ten erlangs: a job must wait with probability 0.0573 for one of 16 slots, 0.0309 for one of 17.
  expect(slots(1 / 30, 300, 1)).toBe(17);
  // The longer a job may wait, the more may be busy.
  expect(slots(1 / 30, 300, 60)).toBeLessThan(17);
  expect(slots(1 / 30, 300, 300)).toBeLessThan(slots(1 / 30, 300, 60));
});

test("the more runs differ, the more slots", () => {
  expect(slots(1, 10, 30, 9)).toBeGreaterThan(slots(1, 10, 30, 0));
});

test("short jobs may wait a little, so that workers are all but fully busy", () => {
  expect(slots(24, 0.5, 5)).toBeLessThanOrEqual(13);
  expect(slots(24, 0.5, 30)).toBeLessThanOrEqual(12);
  expect(slots(200, 0.4, 30)).toBeLessThanOrEqual(82);
});

test("however long a job may wait, no stream is left to pile up", () => {
  expect(slots(24, 0.5, 3_600)).toBeGreaterThanOrEqual(0.95 * 12);
});
