import { expect, test } from "vitest";
import { quantile, ratioOf, spreadOf } from "./statistics.ts";

test("a quantile lies between two values where it falls between", () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3], 0.5)).toBe(2);
  expect(quantile([10, 20], 0.95)).toBeCloseTo(19.5);
});

test("a spread sorts numbers as numbers", () => {
  expect(spreadOf([9, 10, 100])).toEqual({ median: 10, min: 9, max: 100 });
});

test("a ratio is made round by round, so that a slow minute of the machine does not count", () => {
  expect(ratioOf([100, 50, 100], [100, 50, 50])).toBe(1);
});
