import fc from "fast-check";
import { expect, test } from "vitest";
import { createFairOrder } from "./fair-order.ts";

const weightLists = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });

function starts(order: ReturnType<typeof createFairOrder>, count: number, hasWork: (index: number) => boolean) {
  return Array.from({ length: count }, () => order.next(hasWork));
}

test("three to one means three starts for each one", () => {
  const order = createFairOrder([3, 1]);
  expect(starts(order, 8, () => true)).toEqual([0, 1, 0, 0, 0, 1, 0, 0]);
});

test("over any stretch in which all lanes have work, each gets its share", () => {
  fc.assert(
    fc.property(weightLists, fc.nat(300), fc.integer({ min: 1, max: 300 }), (weights, from, length) => {
      const order = createFairOrder(weights);
      starts(order, from, () => true);
      const stretch = starts(order, length, () => true);
      const sum = weights.reduce((a, b) => a + b, 0);
      for (const [index, weight] of weights.entries()) {
        const got = stretch.filter((each) => each === index).length;
        // Lanes advance in whole jobs, so each may be some jobs ahead or behind, however long the stretch.
        expect(Math.abs(got - (length * weight) / sum)).toBeLessThan(2 + (2 * weights.length * weight) / sum);
      }
    }),
  );
});

test("no lane starves: with work, it starts within a round, and what others have in credit", () => {
  fc.assert(
    fc.property(weightLists, fc.array(fc.nat(63), { minLength: 50, maxLength: 300 }), (weights, masks) => {
      const order = createFairOrder(weights);
      const waited = weights.map(() => 0);
      const sum = weights.reduce((a, b) => a + b, 0);
      for (const mask of masks) {
        const hasWork = (index: number) => waited[index] !== 0 || (mask & (1 << index)) !== 0;
        const chosen = order.next(hasWork);
        for (const [index, weight] of weights.entries()) {
          // Once it has work, it keeps it until it starts.
          waited[index] = chosen === index || !hasWork(index) ? 0 : (waited[index] ?? 0) + 1;
          // A round, and for each other lane the job that it may have in credit and one that was begun.
          expect(waited[index]).toBeLessThanOrEqual(Math.ceil(sum / weight) + 2 * weights.length);
        }
      }
    }),
  );
});

test("an idle lane saves no more than one job up", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.nat(200), (one, other, alone) => {
      const order = createFairOrder([one, other]);
      starts(order, alone, (index) => index === 0);
      const after = starts(order, one + other, () => true);
      const got = after.filter((each) => each === 1).length;
      expect(got).toBeLessThanOrEqual(other + 2);
      expect(got).toBeGreaterThanOrEqual(other - 1);
    }),
  );
});

test("turns say who is next if all have work", () => {
  fc.assert(
    fc.property(weightLists, fc.array(fc.nat(63), { maxLength: 50 }), (weights, masks) => {
      const order = createFairOrder(weights);
      for (const mask of masks) order.next((index) => (mask & (1 << index)) !== 0);
      const turns = order.turns();
      expect(turns.toSorted()).toEqual(weights.map((_, index) => index).toSorted());
      expect(order.next(() => true)).toBe(turns[0]);
    }),
  );
});

test("without work there is nobody to start", () => {
  expect(createFairOrder([1, 2]).next(() => false)).toBeUndefined();
});
