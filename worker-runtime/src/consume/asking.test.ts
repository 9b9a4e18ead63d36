import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAsking } from "./asking.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("as many lanes are asked as slots are free, and one more for each answer that does not come", () => {
  const asked: number[] = [];
  const asking = createAsking(3, () => asked.push(asking.lanes(1, performance.now())));
  expect(asking.lanes(1, performance.now())).toBe(1);
  vi.advanceTimersByTime(51);
  expect(asked).toEqual([2]);
  vi.advanceTimersByTime(1_000);
  expect(asked).toEqual([2, 3]);
  // A job came: what is asked next begins anew.
  expect(asking.lanes(0, performance.now())).toBe(0);
  expect(asking.lanes(2, performance.now())).toBe(2);
});

test("nobody is asked for a slot that is not free any more", () => {
  let next = 0;
  const asking = createAsking(2, () => {
    next += 1;
  });
  asking.lanes(1, performance.now());
  asking.lanes(0, performance.now());
  vi.advanceTimersByTime(1_000);
  expect(next).toBe(0);
});
