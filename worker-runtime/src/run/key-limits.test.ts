import fc from "fast-check";
import { expect, test } from "vitest";
import { createKeyLimits } from "./key-limits.ts";

test("so many start at once, a few wait, and the rest are deferred one after the other", () => {
  const limits = createKeyLimits({ jobs: 2, perMs: 1_000 });
  expect(Array.from({ length: 7 }, () => limits.admit("acme", 0))).toEqual([
    { type: "Start" },
    { type: "Start" },
    { type: "Wait", waitMs: 500 },
    { type: "Wait", waitMs: 1_000 },
    { type: "Defer", delayMs: 1_500 },
    { type: "Defer", delayMs: 2_000 },
    { type: "Defer", delayMs: 2_500 },
  ]);
  expect(limits.admit("other", 0)).toEqual({ type: "Start" });
  // A deferred job comes back and finds its turn.
  expect(limits.admit("acme", 1_500)).toEqual({ type: "Start" });
});

test("a start that was not made use of is free for another", () => {
  const limits = createKeyLimits({ jobs: 1, perMs: 10_000 });
  expect(limits.admit("acme", 0)).toEqual({ type: "Start" });
  limits.giveBack("acme");
  expect(limits.admit("acme", 0)).toEqual({ type: "Start" });
});

/** When the jobs of each key start, for jobs that ask at these times. */
function startsOf(limit: { jobs: number; perMs: number }, calls: readonly { afterMs: number; key: "a" | "b" }[]) {
  const limits = createKeyLimits(limit);
  const starts = { a: [] as number[], b: [] as number[] };
  let nowMs = 0;
  for (const { afterMs, key } of calls) {
    nowMs += afterMs;
    const admission = limits.admit(key, nowMs);
    if (admission.type === "Start") starts[key].push(nowMs);
    if (admission.type === "Wait") starts[key].push(nowMs + admission.waitMs);
  }
  return Object.values(starts);
}

test("after any stretch there have been no more starts than the burst and what the rate allows", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 100, max: 60_000 }),
      fc.array(fc.record({ afterMs: fc.nat(2_000), key: fc.constantFrom("a", "b") }), { maxLength: 200 }),
      (jobs, perMs, calls) => {
        for (const times of startsOf({ jobs, perMs }, calls)) {
          for (const [index, at] of times.entries()) {
            const first = times[0] ?? 0;
            expect(index + 1).toBeLessThanOrEqual(jobs + ((at - first) * jobs) / perMs + 1e-6);
          }
        }
      },
    ),
  );
});

test("waits are short, and to be deferred is long", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 100, max: 60_000 }), (jobs, perMs) => {
      const limits = createKeyLimits({ jobs, perMs });
      for (let count = 0; count < 100; count += 1) {
        const admission = limits.admit("a", 0);
        if (admission.type === "Wait") expect(admission.waitMs).toBeLessThanOrEqual(1_000);
        if (admission.type === "Defer") expect(admission.delayMs).toBeGreaterThan(1_000);
      }
    }),
  );
});

test("memory is bounded: of too many busy keys the longest unused is forgotten", () => {
  const limits = createKeyLimits({ jobs: 1, perMs: 3_600_000 }, 100);
  for (let key = 0; key < 1_000; key += 1) limits.admit(`${key}`, 0);
  expect(limits.admit("0", 1).type).toBe("Start");
  expect(limits.admit("999", 1).type).toBe("Defer");
});
