import { expect, test } from "vitest";
import { controlledClock } from "../testing/controlled-clock.ts";
import { createProgressReports, type Progress } from "./progress.ts";

function reports() {
  const clock = controlledClock(0);
  const told: { progress: Progress; signal: AbortSignal; done(): void }[] = [];
  const { report, end } = createProgressReports((progress, signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    told.push({ progress, signal, done: resolve });
    return promise;
  }, clock);
  /** The last one was told, and a second goes by. */
  const settle = async () => {
    told.at(-1)?.done();
    await new Promise(setImmediate);
    clock.fireNext(Number.POSITIVE_INFINITY);
  };
  return { report, end, told, settle };
}

test("the first is told at once, then only the newest", async () => {
  const { report, told, settle } = reports();
  for (const fraction of [0, 0.1, 0.2, 0.3]) report(fraction);
  expect(told).toHaveLength(1);
  await settle();
  expect(told.map(({ progress }) => progress)).toEqual([{ fraction: 0 }, { fraction: 0.3 }]);
  await settle();
  expect(told).toHaveLength(2);
  report(0.4, "nearly");
  expect(told.at(-1)?.progress).toEqual({ fraction: 0.4, note: "nearly" });
});

test("while one cannot be told, no other is; in the end it is given up", async () => {
  const { report, end, told, settle } = reports();
  report(0.1);
  report(0.2);
  await new Promise(setImmediate);
  expect(told).toHaveLength(1);
  end();
  expect(told[0]?.signal.aborted).toBe(true);
  await settle();
  expect(told).toHaveLength(1);
});

test.each([-0.1, 1.1, Number.NaN, "half" as unknown as number])("a fraction of %s is refused", (fraction) => {
  expect(() => reports().report(fraction)).toThrow("expected a number from 0 to 1");
});
