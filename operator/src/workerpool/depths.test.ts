import { expect, test } from "vitest";
import { isEmpty, sumOf } from "./depths.ts";

const depth = (ready: number, consumers: number) => ({ ready, consumers });

test("a pool's depth is the sum over its work queue and its lanes", () => {
  const depths = new Map([
    ["a.b", depth(1, 2)],
    ["a.b.fast", depth(3, 4)],
    ["a.c", depth(100, 100)],
  ]);
  expect(sumOf(depths, ["a.b", "a.b.fast"])).toEqual(depth(4, 6));
});

test("a lane without a queue has no jobs, and nothing is known where a queue does not answer or there is no work queue", () => {
  const work = ["a.b", depth(1, 2)] as const;
  expect(sumOf(new Map([work, ["a.b.fast", undefined]]), ["a.b", "a.b.fast"])).toEqual(depth(1, 2));
  expect(sumOf(new Map([work]), ["a.b", "a.b.fast"])).toBeUndefined();
  expect(sumOf(new Map([["a.b", undefined]]), ["a.b"])).toBeUndefined();
});

test("a listing tells that a pool has no jobs only where it has the work queue, and nothing ready in any of its queues", () => {
  const totals = new Map([
    ["a.b", { ready: 0, unacked: 3, deadLettering: 0 }],
    ["a.b.fast", { ready: 1, unacked: 0, deadLettering: 0 }],
  ]);
  expect(isEmpty(totals, ["a.b"])).toBe(true);
  expect(isEmpty(totals, ["a.b", "a.b.slow"])).toBe(true);
  expect(isEmpty(totals, ["a.b", "a.b.fast"])).toBe(false);
  expect(isEmpty(totals, ["a.c"])).toBe(false);
});
