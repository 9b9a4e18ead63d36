import { expect, test } from "vitest";
import { oracle } from "./oracle.ts";
import { allTraces } from "./traces.ts";

test("one who knows the future lets jobs wait as long as they may, and pays for work and starts", () => {
  const trace = allTraces(1).find(({ name }) => name === "single");
  if (trace === undefined) throw new Error("no such trace");
  expect(oracle(trace)).toMatchObject({ waitMaxMs: 0, podSeconds: 0.5 + 1.4, drainMs: 500 });
  const two = [0, 100].map((atMs) => ({ atMs, serviceMs: 500, failures: 0 }));
  expect(oracle({ ...trace, jobs: two })).toMatchObject({ waitMaxMs: 400, podSeconds: 1 + 1.4 });
  const hasty = { ...trace, settings: { ...trace.settings, targetWaitMs: 200 } };
  expect(oracle({ ...hasty, jobs: two })).toMatchObject({ waitMaxMs: 0, podSeconds: 2 * (0.5 + 1.4) });
  // The second run of a job that fails comes after a second: to keep the pod costs less than to start it again.
  expect(oracle({ ...trace, jobs: [{ atMs: 0, serviceMs: 500, failures: 1 }] })).toMatchObject({
    podSeconds: 0.5 + 1 + 0.5 + 1.4,
  });
});
