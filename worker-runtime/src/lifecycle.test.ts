import { expect, test } from "vitest";
import { drainSchedule, isReady, workerState } from "./lifecycle.ts";

const orders = { cordoned: true, stopping: false, stopped: false };

test("a cordoned worker is drained only when nothing runs and nothing can arrive", () => {
  expect(workerState(orders, false, 0)).toBe("Cordoned");
  expect(workerState(orders, true, 1)).toBe("Cordoned");
  expect(workerState(orders, true, 0)).toBe("Drained");
});

test("a drained or stopping worker is not ready; one that still finishes jobs is", () => {
  expect(isReady("Cordoned")).toBe(true);
  expect(isReady("Drained")).toBe(false);
  expect(isReady(workerState({ ...orders, stopping: true }, true, 0))).toBe(false);
});

test.each([1_000, 20_000, 300_000])("of %d ms, handlers are told in time and the process ends in time", (timeoutMs) => {
  const { abortAfterMs, exitAfterMs } = drainSchedule(timeoutMs);
  expect(abortAfterMs).toBeLessThan(exitAfterMs);
  expect(exitAfterMs).toBeLessThan(timeoutMs);
});
