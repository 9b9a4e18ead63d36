import { expect, test } from "vitest";
import { type Failing, observeFailing, startFailing } from "./failing.ts";

/** Cumulative counts, a step each second. */
interface Step {
  readonly completed?: number;
  readonly failing: number;
  readonly inFlight?: number;
  readonly replicas?: number;
}
const after = (steps: readonly Step[], state = startFailing(0)) =>
  steps.reduce<Failing>(
    (before, { completed = 0, failing, inFlight = 0, replicas = 4 }, index) =>
      observeFailing(before, { nowMs: (index + 1) * 1_000, fleet: { completed, failing }, inFlight, replicas }),
    state,
  );

test("twenty failures in a row keep a pool as it is, until one run succeeds", () => {
  expect(after([{ failing: 19 }]).limit).toBeUndefined();
  const failing = after([{ failing: 19 }, { failing: 25 }, { failing: 90, replicas: 2 }]);
  expect(failing.limit).toMatchObject({ reason: "Failing", ceiling: 4 });
  const mended = observeFailing(failing, {
    nowMs: 4_000,
    fleet: { completed: 1, failing: 99 },
    inFlight: 4,
    replicas: 4,
  });
  expect(mended.limit).toBeUndefined();
});

test("what is tried again has not failed before it ends: long jobs after an outage may all succeed", () => {
  expect(after([{ failing: 30, inFlight: 30 }]).limit).toBeUndefined();
  const failed = after([
    { failing: 30, inFlight: 30 },
    { failing: 50, inFlight: 30 },
  ]);
  expect(failed.limit).toMatchObject({ reason: "Failing" });
  expect(after([{ failing: 51, inFlight: 40 }], failed).limit).toEqual(failed.limit);
});

test("failures among successes are no reason to stop", () => {
  const steps = Array.from({ length: 50 }, (_, index) => ({ completed: index, failing: index * 19 }));
  expect(after(steps).limit).toBeUndefined();
});

test("a pool at zero may have one worker to try", () => {
  expect(after([{ failing: 40, replicas: 0 }]).limit?.ceiling).toBe(1);
});

test("failures of long ago are forgotten", () => {
  const failing = after([{ failing: 40 }]);
  const later = (nowMs: number) =>
    observeFailing(failing, { nowMs, fleet: { completed: 0, failing: 40 }, inFlight: 0, replicas: 0 });
  expect(later(300_000).limit).toBeDefined();
  expect(later(301_000).limit).toBeUndefined();
});

test("a limit that an earlier leader left holds until a run succeeds, or nothing was tried for five minutes", () => {
  const kept = { reason: "Failing", ceiling: 7, message: "at least 20 runs in a row failed" } as const;
  expect(after([{ failing: 0 }, { failing: 3 }], startFailing(0, kept)).limit).toMatchObject({ ceiling: 7 });
  expect(after([{ failing: 3 }, { failing: 3, completed: 1 }], startFailing(0, kept)).limit).toBeUndefined();
  expect(
    after(
      Array.from({ length: 300 }, () => ({ failing: 0 })),
      startFailing(0, kept),
    ).limit,
  ).toBeUndefined();
});
