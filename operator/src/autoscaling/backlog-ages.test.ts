import { expect, test } from "vitest";
import { agesOf } from "./backlog-ages.ts";

const arrived = [
  { atMs: 0, value: 100 },
  { atMs: 10_000, value: 130 },
  { atMs: 20_000, value: 140 },
];

test("what waits is what came last, so that its age can be told", () => {
  expect(agesOf(arrived, 25, 20_000)).toEqual([
    { jobs: 25, seconds: 0 },
    { jobs: 15, seconds: 10 },
  ]);
  expect(agesOf(arrived, 60, 21_000)).toEqual([
    { jobs: 60, seconds: 1 },
    { jobs: 50, seconds: 11 },
    { jobs: 20, seconds: 21 },
  ]);
});

test("nothing is told of an empty queue, or before anything is known", () => {
  expect(agesOf(arrived, 0, 20_000)).toEqual([]);
  expect(agesOf([], 10, 20_000)).toEqual([]);
});
