import { expect, test } from "vitest";
import { type Failing, observeFailing, startFailing } from "./failing.ts";

/** Cumulative counts, a step each second. */
const after = (steps: readonly { completed?: number; failing: number; replicas?: number }[], state = startFailing(0)) =>
  steps.reduce<Failing>(
    (before, { completed = 0, failing, replicas = 4 }, index) =>
      observeFailing(before, { nowMs: (index + 1) * 1_000, fleet: { completed, failing }, replicas }),
    state,
  );

test("twenty failures in a row keep a pool as it is, until one run succeeds", () => {
  expect(after([{ failing: 19 }]).limit).toBeUndefined();
  const failing = after([{ failing: 19 }, { failing: 25 }, { failing: 90, replicas: 2 }]);
  expect(failing.limit).toMatchObject({ reason: "Failing", ceiling: 4 });
  const mended = observeFailing(failing, { nowMs: 4_000, fleet: { completed: 1, failing: 99 }, replicas: 4 });
  expect(mended.limit).toBeUndefined();
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
    observeFailing(failing, { nowMs, fleet: { completed: 0, failing: 40 }, replicas: 0 });
  expect(later(300_000).limit).toBeDefined();
  expect(later(301_000).limit).toBeUndefined();
});
