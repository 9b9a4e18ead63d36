import fc from "fast-check";
import { expect, test } from "vitest";
import { createCircuitBreaker } from "./circuit-breaker.ts";

const options = { failures: 3, firstMs: 100, maxMs: 350 };

test("opens after failures in a row, probes, and closes at a success", () => {
  const breaker = createCircuitBreaker(options);
  expect([1, 2, 3].map(() => breaker.record("Failed", 0))).toEqual([false, false, true]);
  expect(breaker.state(99)).toBe("Open");
  expect(breaker.waitMs(40)).toBe(60);
  expect(breaker.state(100)).toBe("HalfOpen");
  expect(breaker.record("Succeeded", 110)).toBe(true);
  expect(breaker.state(110)).toBe("Closed");
  expect(breaker.waitMs(110)).toBe(0);
});

test("each probe that fails doubles the pause, up to the most", () => {
  const breaker = createCircuitBreaker(options);
  for (const _ of [1, 2, 3]) breaker.record("Failed", 0);
  const pauses: number[] = [];
  let nowMs = 0;
  for (const _ of [1, 2, 3, 4]) {
    pauses.push(breaker.waitMs(nowMs));
    nowMs += breaker.waitMs(nowMs);
    expect(breaker.record("Failed", nowMs)).toBe(true);
  }
  expect(pauses).toEqual([100, 200, 350, 350]);
  breaker.record("Succeeded", nowMs);
  for (const _ of [1, 2, 3]) breaker.record("Failed", nowMs);
  expect(breaker.waitMs(nowMs)).toBe(100);
});

test("a success between failures, and outcomes that say nothing, keep it closed", () => {
  const breaker = createCircuitBreaker(options);
  for (const result of ["Failed", "Failed", "Succeeded", "Failed", "Neither", "Failed"] as const) {
    expect(breaker.record(result, 0)).toBe(false);
  }
  expect(breaker.record("Failed", 0)).toBe(true);
});

test("it is open only after that many failures without a success, and never for longer than the most", () => {
  const events = fc.array(
    fc.record({ result: fc.constantFrom("Succeeded", "Failed", "Neither" as const), afterMs: fc.nat(200) }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(events, (list) => {
      const breaker = createCircuitBreaker(options);
      let inARow = 0;
      let nowMs = 0;
      for (const { result, afterMs } of list) {
        nowMs += afterMs;
        breaker.record(result, nowMs);
        if (result === "Succeeded") inARow = 0;
        if (result === "Failed") inARow += 1;
        expect(breaker.state(nowMs) === "Closed").toBe(inARow < options.failures);
        expect(breaker.waitMs(nowMs)).toBeLessThanOrEqual(options.maxMs);
      }
    }),
  );
});
