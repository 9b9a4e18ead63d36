import fc from "fast-check";
import { expect, test } from "vitest";
import { mayWait, type PlanFacts, wantOfLane } from "./plan.ts";

const facts: PlanFacts = {
  taking: true,
  breaker: "Closed",
  lanes: 1,
  slots: 4,
  freeSlots: 0,
  extra: 20,
  window: 24,
  brisk: true,
  laneWindows: false,
  candidates: 1,
  startableSoon: Number.POSITIVE_INFINITY,
  startable: Number.POSITIVE_INFINITY,
};
const laned = { ...facts, lanes: 3 };
const limited = { ...facts, startableSoon: 6, startable: 24 };
const fetch = (more: number, batch = 1) => ({ type: "Fetch", more, batch });

test.each([
  ["one lane: a window", facts, 0, { type: "Window", unsettled: 24, brisk: true }],
  ["lanes of long jobs: a candidate each", laned, 0, fetch(1)],
  ["a candidate is there", laned, 1, fetch(0)],
  ["lanes of long jobs, no slot free", { ...laned, extra: 0, candidates: 0 }, 0, fetch(0, 0)],
  [
    "lanes of short jobs: a window each",
    { ...laned, laneWindows: true },
    9,
    { type: "Window", unsettled: 14, brisk: true },
  ],
  ["limited: what may start soon", limited, 2, fetch(4, 3)],
  ["limited, long jobs, no slot free", { ...limited, extra: 0 }, 0, fetch(0, 0)],
  ["limited to less than one now and then", { ...limited, startableSoon: 0 }, 0, fetch(0, 0)],
  ["limited, with lanes", { ...limited, lanes: 3, extra: 0 }, 0, fetch(1)],
  ["cordoned", { ...facts, taking: false }, 0, fetch(0)],
  ["the breaker is open", { ...facts, breaker: "Open" as const }, 0, fetch(0)],
  ["it is half open", { ...facts, breaker: "HalfOpen" as const }, 0, fetch(1)],
  ["it is half open, and there is one to try", { ...facts, breaker: "HalfOpen" as const }, 1, fetch(0)],
])("%s", (_, given, held, want) => {
  expect(wantOfLane({ held, share: given.lanes === 1 ? 1 : 0.5 }, given)).toEqual(want);
});

test("nothing that is fetched has to be handed back as it comes", () => {
  fc.assert(
    fc.property(
      fc.record({
        taking: fc.constant(true),
        breaker: fc.constantFrom("Closed", "Open", "HalfOpen" as const),
        lanes: fc.integer({ min: 1, max: 4 }),
        slots: fc.constant(8),
        freeSlots: fc.constant(0),
        extra: fc.nat(50),
        window: fc.constant(8),
        brisk: fc.boolean(),
        laneWindows: fc.constant(false),
        candidates: fc.integer({ min: 0, max: 8 }),
        startableSoon: fc.oneof(fc.nat(100), fc.constant(Number.POSITIVE_INFINITY)),
        startable: fc.constant(0),
      }),
      fc.nat(60),
      (given, held) => {
        const all = { ...given, startable: given.startableSoon * 4 };
        const want = wantOfLane({ held, share: 1 }, all);
        if (want.type === "Fetch" && want.more > 0) expect(held + want.more).toBeLessThanOrEqual(mayWait(all));
      },
    ),
  );
});

test("a lane whose turn it is not yet takes nothing, unless what it takes ahead is short", () => {
  const notYet = { held: 0, share: 1, asked: false };
  expect(wantOfLane(notYet, laned)).toEqual(fetch(0, 0));
  expect(wantOfLane(notYet, { ...laned, startableSoon: 6, extra: 0 })).toEqual(fetch(0, 0));
  expect(wantOfLane(notYet, { ...laned, laneWindows: true })).toMatchObject({ type: "Window" });
});

test.each([
  ["cordoned: nothing", { ...facts, taking: false }, 0],
  ["the breaker is open: one to try", { ...facts, breaker: "Open" as const }, 1],
  ["limited: what may start within two seconds", limited, 24],
  ["one lane: what is taken ahead", facts, 20],
  ["lanes of long jobs: the candidates", { ...laned, extra: 0, candidates: 2 }, 2],
])("may wait while %s", (_, given, expected) => {
  expect(mayWait(given)).toBe(expected);
});
