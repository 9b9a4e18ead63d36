import { expect, test } from "vitest";
import { sleepingPollMs } from "./sleeping.ts";

test.each([
  [1_000, 1_000],
  [30_000, 7_500],
  [3_600_000, 10_000],
])("a pool at zero with a targetWait of %d ms is looked at every %d ms", (targetWaitMs, pollMs) => {
  expect(sleepingPollMs(targetWaitMs)).toBe(pollMs);
});
