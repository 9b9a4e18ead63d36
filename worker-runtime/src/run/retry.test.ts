import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultRetryPolicy, maxDelaySeconds } from "../contract/index.ts";
import { retryDelayMs } from "./retry.ts";

test("the delay doubles from the initial one up to the maximum", () => {
  const policy = { maxAttempts: 9, initialMs: 1_000, maxMs: 5_000, multiplier: 2, jitterPercent: 0 };
  expect([1, 2, 3, 4, 5].map((attempt) => retryDelayMs(policy, attempt, 0.7))).toEqual([
    1_000, 2_000, 4_000, 5_000, 5_000,
  ]);
});

test("jitter spreads it evenly to both sides", () => {
  const delays = [0, 0.5, 0.999_999].map((random) => retryDelayMs(defaultRetryPolicy, 1, random));
  expect(delays).toEqual([800, 1_000, 1_200]);
});

test("no wait stays no wait, however many attempts have failed", () => {
  const policy = { maxAttempts: 2_000, initialMs: 0, maxMs: 1_000, multiplier: 2, jitterPercent: 0 };
  expect(retryDelayMs(policy, 1_500, 0)).toBe(0);
});

test("whatever the policy, the delay fabric can hold it", () => {
  const policy = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 1_000 }),
    initialMs: fc.nat(),
    maxMs: fc.maxSafeNat(),
    multiplier: fc.integer({ min: 1, max: 100 }),
    jitterPercent: fc.integer({ min: 0, max: 100 }),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(policy, fc.integer({ min: 1, max: 10_000 }), random, (retry, attempt, chance) => {
      const delayMs = retryDelayMs(retry, attempt, chance);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(Math.min(2 * retry.maxMs, maxDelaySeconds * 1000));
    }),
  );
});
