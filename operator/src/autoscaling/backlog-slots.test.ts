import { describe, expect, test } from "vitest";
import { slotsForBacklog } from "./backlog-slots.ts";
import type { Signals } from "./signals.ts";

function slots(
  backlog: number,
  { targetSeconds = 90, coldStartSeconds = 60, working = 0, startingSeconds = [] as number[], heldSlots = 0 } = {},
  changes: Partial<Signals> = {},
): number {
  const signals: Signals = {
    ...{ backlog, waiting: [], inFlight: 0, serviceSeconds: 0.5, serviceVariability: 0, arrivalsPerSecond: 0 },
    ...{ coldStartSeconds, wanted: 0, present: { working, startingSeconds } },
    ...changes,
  };
  return slotsForBacklog(signals, { targetSeconds, coldStartSeconds, concurrency: 1, heldSlots });
}

test("what waits is started within the target, less a pod's start, whoever is there", () => {
  // H = 0.9 × 30 s − 7 s.
  expect(slots(400, { targetSeconds: 30, coldStartSeconds: 7 })).toBe(10);
  expect(slots(400, { targetSeconds: 30, coldStartSeconds: 7, working: 9 })).toBe(10);
});

describe("where a start leaves less than a quarter of the target", () => {
  test("those that are there have all of it, and nobody is asked for where they suffice", () => {
    expect(slots(648, { working: 4 })).toBe(4);
    expect(slots(324, { working: 4 })).toBe(2);
  });

  test("those that start count from when they take jobs", () => {
    // 81 s, less the 60 s of a start, but for the 15 s that they have had.
    expect(slots(144, { startingSeconds: [15, 15] })).toBeCloseTo(144 / 162);
    expect(slots(146, { startingSeconds: [15, 15] })).toBeGreaterThan(2);
  });

  test("others do what they leave", () => {
    // 4 slots do 648 of the jobs in 81 s; the others are done within 22.5 s.
    expect(slots(648 + 90, { working: 4 })).toBe(6);
    // Never more than without them.
    expect(slots(90, {})).toBe(2);
    expect(slots(10_000, { working: 4 })).toBeLessThan(slots(10_000));
  });

  test("slots that long jobs hold, and long jobs that wait, are not shared", () => {
    expect(slots(648, { working: 8, heldSlots: 4 })).toBe(4);
    expect(slots(12, { working: 8 }, { serviceSeconds: 100 })).toBe(12);
  });
});
