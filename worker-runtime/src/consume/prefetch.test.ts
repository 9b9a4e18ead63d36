import fc from "fast-check";
import { expect, test } from "vitest";
import { extraPrefetch, laneCandidates, lanesMayHold, worthChanging } from "./prefetch.ts";

const flow = { slots: 10, serviceMs: 5, roundTripMs: 3, messageBytes: 100 };

test.each([
  ["nothing is known yet", { serviceMs: undefined }, 0],
  ["short jobs", {}, 12],
  ["no-op jobs", { serviceMs: 0.02 }, 500],
  ["one slot, no-op jobs", { slots: 1, serviceMs: 0.02 }, 300],
  ["a job of a quarter of a second", { serviceMs: 250 }, 1],
  ["long jobs", { serviceMs: 2_000 }, 0],
  ["one slot, jobs of 100 ms", { slots: 1, serviceMs: 100 }, 1],
  ["one slot, jobs of 101 ms", { slots: 1, serviceMs: 101 }, 0],
  ["a far broker", { roundTripMs: 80 }, 200],
  ["large bodies", { serviceMs: 0.02, messageBytes: 1_000_000 }, 8],
])("with %s, so many are taken beside those that run", (_, change, extra) => {
  expect(extraPrefetch({ ...flow, ...change })).toBe(extra);
});

test("what waits never keeps the slots busy for more than 100 ms", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0.01, max: 100_000, noNaN: true }),
      fc.double({ min: 0, max: 500, noNaN: true }),
      fc.integer({ min: 0, max: 10_000_000 }),
      (slots, serviceMs, roundTripMs, messageBytes) => {
        const extra = extraPrefetch({ slots, serviceMs, roundTripMs, messageBytes });
        expect((extra * serviceMs) / slots).toBeLessThanOrEqual(100.001);
        expect(extra).toBeGreaterThanOrEqual(0);
        expect(extra).toBeLessThanOrEqual(500);
      },
    ),
  );
});

test("lanes may each hold a window of short jobs, not of long ones", () => {
  expect(lanesMayHold(3, flow, 12, false)).toBe(true);
  expect(lanesMayHold(3, { ...flow, serviceMs: 200 }, 0, false)).toBe(false);
  expect(lanesMayHold(3, { ...flow, serviceMs: 200 }, 0, true)).toBe(true);
  expect(lanesMayHold(3, { ...flow, serviceMs: 400 }, 0, true)).toBe(false);
  expect(lanesMayHold(3, { ...flow, serviceMs: undefined }, 0, true)).toBe(false);
});

test("a lane keeps one candidate, more when they start faster than they can be fetched, and none behind long jobs", () => {
  expect(laneCandidates({ ...flow, serviceMs: 4_000 }, 0, 3)).toBe(1);
  expect(laneCandidates({ ...flow, serviceMs: 60_000 }, 0, 3)).toBe(0);
  expect(laneCandidates({ ...flow, serviceMs: 60_000 }, 1, 3)).toBe(1);
  // A slot is free every 60 ms, so nothing waits for long.
  expect(laneCandidates({ ...flow, slots: 100, serviceMs: 6_000 }, 0, 3)).toBe(1);
  expect(laneCandidates({ ...flow, serviceMs: undefined }, 10, 3)).toBe(4);
  expect(laneCandidates({ ...flow, slots: 100, serviceMs: 500 }, 0, 3)).toBe(3);
});

test("a window is changed for a large difference, or to hoard nothing", () => {
  expect(worthChanging(20, 24, 10)).toBe(false);
  expect(worthChanging(20, 30, 10)).toBe(true);
  expect(worthChanging(20, 14, 10)).toBe(false);
  expect(worthChanging(14, 10, 10)).toBe(true);
});
