import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arrivals, noArrivals, observeArrived } from "./arrivals.ts";

/** Feeds one observation a second of jobs ever arrived; gives λ after each. */
function rates(arrived: (second: number) => number, seconds: number, shortestMs = 10_000): number[] {
  let state: Arrivals = noArrivals;
  return Array.from({ length: seconds }, (_, second) => {
    state = observeArrived(state, { atMs: second * 1000, jobs: arrived(second) }, shortestMs);
    return state.perSecond;
  });
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A number of a Poisson distribution, by Knuth's method. */
function poisson(mean: number, random: () => number): number {
  let count = -1;
  for (let product = 1; product > Math.exp(-mean); product *= random()) count += 1;
  return count;
}

describe("the rate of arrivals", () => {
  test("is 0 before ten seconds are known", () => {
    expect(rates((second) => 50 * second, 10)).toEqual(Array.from({ length: 10 }, () => 0));
  });

  test("is that of a steady stream", () => {
    expect(rates((second) => 7 * second, 60).at(-1)).toBeCloseTo(7);
    expect(rates((second) => 7 * second, 60, 30_000).at(-1)).toBeCloseTo(7);
  });

  test("is not moved by chance, of which ten seconds are full", () => {
    const random = seeded(1);
    let jobs = 0;
    const settled = rates(() => (jobs += poisson(4, random)), 600).slice(150);
    expect(Math.min(...settled)).toBeGreaterThan(2);
    expect(Math.max(...settled)).toBeLessThan(6);
  });

  test("follows a lasting change in three fifths of its shortest window", () => {
    const perSecond = rates((second) => (second < 30 ? 4 * second : 120 + 24 * (second - 30)), 60);
    expect(perSecond[31]).toBeCloseTo(4);
    expect(perSecond[36]).toBeCloseTo(24);
  });

  test("is never negative, though the queue is purged", () => {
    expect(Math.min(...rates((second) => (second < 20 ? 600 : 0), 60))).toBe(0);
    const purged = rates((second) => 5 * second - (second < 20 ? 0 : 1_000), 60);
    expect(purged.at(-1)).toBeCloseTo(5);
    expect(Math.min(...purged.slice(11))).toBeCloseTo(5);
  });

  test("bridges a gap in what is known with the mean over it", () => {
    const before = observeArrived(noArrivals, { atMs: 0, jobs: 0 }, 10_000);
    expect(observeArrived(before, { atMs: 40_000, jobs: 200 }, 10_000).perSecond).toBeCloseTo(5);
  });

  test("is not moved by a burst, whenever it comes and however large it is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 50 }),
        fc.constantFrom(10_000, 30_000),
        (at, burst, steady, shortestMs) => {
          const perSecond = rates((second) => steady * second + (second >= at ? burst : 0), 60, shortestMs);
          expect(Math.max(...perSecond)).toBeLessThan(steady + 1e-6);
        },
      ),
    );
  });

  test("keeps a bounded history, however long the shortest window", () => {
    let state: Arrivals = noArrivals;
    for (let second = 0; second < 5_000; second += 1) {
      state = observeArrived(state, { atMs: second * 1000, jobs: second }, 3_600_000);
    }
    expect(state.arrived.length).toBeLessThanOrEqual(122);
    expect(state.perSecond).toBeCloseTo(1);
  });
});
