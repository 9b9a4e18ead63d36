import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenBucket } from "./token-bucket.ts";

test("in any stretch there are no more starts than the rate allows, and one", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 200 }),
      (rate, gaps) => {
        const bucket = createTokenBucket(rate, 0);
        const starts: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          if (bucket.take(nowMs)) starts.push(nowMs);
        }
        for (const [first, fromMs] of starts.entries()) {
          for (const [last, toMs] of starts.entries()) {
            if (last < first) continue;
            expect(last - first).toBeLessThanOrEqual(((toMs - fromMs) * rate) / 1000 + 1e-6);
          }
        }
      },
    ),
  );
});

test("whoever waits as long as it says gets a token", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 10_000, noNaN: true }), fc.integer({ min: 1, max: 50 }), (rate, count) => {
      const bucket = createTokenBucket(rate, 0);
      let nowMs = 0;
      for (let start = 0; start < count; start += 1) {
        nowMs += bucket.waitMs(nowMs);
        expect(bucket.take(nowMs)).toBe(true);
      }
      expect(nowMs).toBeLessThanOrEqual((count * 1000) / rate + 1e-6);
    }),
  );
});

test("rates change at once, and zero stops", () => {
  const bucket = createTokenBucket(1, 0);
  expect(bucket.take(0)).toBe(true);
  expect(bucket.waitMs(0)).toBe(1_000);
  bucket.setRate(10, 0);
  expect(bucket.waitMs(0)).toBe(100);
  expect(bucket.startable(0, 500)).toBe(5);
  bucket.setRate(0, 50);
  expect(bucket.waitMs(50)).toBe(Number.POSITIVE_INFINITY);
  expect(bucket.startable(50, 1_000_000)).toBe(0);
  bucket.setRate(undefined, 60);
  expect(bucket.take(60)).toBe(true);
  expect(bucket.startable(60, 0)).toBe(Number.POSITIVE_INFINITY);
});
