import { expect, test } from "vitest";
import { createTally } from "./tally.ts";

test("counts runs, and unfinished ones up to now", () => {
  const tally = createTally();
  expect(tally.figures(0)).toMatchObject({ busy: 0, lastWaitSeconds: null, oldestRunningSeconds: null });
  const endFirst = tally.start(500, 1_000, 1);
  const endSecond = tally.start(1_500, 2_000, 3);
  expect(tally.figures(4_000)).toEqual({
    busy: 2,
    started: 2,
    startedAgain: 1,
    completed: 0,
    failed: 0,
    retried: 0,
    busySeconds: 5,
    squaredSeconds: 0,
    waitSecondsSum: 2,
    lastWaitSeconds: 1.5,
    oldestRunningSeconds: 3,
  });
  endFirst("completed", 5_000);
  endFirst("completed", 9_000);
  endSecond("none", 6_000);
  expect(tally.figures(10_000)).toMatchObject({
    busy: 0,
    started: 2,
    completed: 1,
    busySeconds: 8,
    squaredSeconds: 4 ** 2 + 4 ** 2,
    oldestRunningSeconds: null,
  });
});

test("a clock that lags behind the producer's makes no negative wait", () => {
  const tally = createTally();
  tally.start(-300, 0, 1);
  expect(tally.figures(0)).toMatchObject({ waitSecondsSum: 0, lastWaitSeconds: 0 });
});
