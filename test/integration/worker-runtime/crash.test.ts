import { expect, test } from "vitest";
import { runCrashTest } from "../../../bench/crash/crash-test.ts";

// A minute of what `npm run bench -- crash` does for ten.
test("workers, producers and the broker are killed at random: no accepted job is lost, none runs again without a kill, and effects under once happen once", async () => {
  const result = await runCrashTest({ seconds: 45, jobs: 4_000, seed: 20 });
  expect(result).toMatchObject({
    lostIds: [],
    unexplained: [],
    effects: { repeated: 0, missing: 0 },
    crashed: 0,
    late: 0,
    unfinished: 0,
  });
  expect(result.accepted).toBeGreaterThanOrEqual(4_000);
  expect(result.done + result.deadLettered).toBe(result.accepted);
  expect(result.deadLettered).toBeGreaterThan(0);
  // It was not an easy minute.
  expect(result.duplicates).toBeGreaterThan(0);
  const explained = Object.values(result.explainedBy).reduce((sum, count) => sum + count);
  expect(explained).toBe(result.duplicates);
  expect(Math.min(...Object.values(result.kills))).toBeGreaterThan(0);
}, 360_000);
