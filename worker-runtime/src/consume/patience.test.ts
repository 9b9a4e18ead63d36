import type { ConsumeMessage } from "amqplib";
import { expect, test } from "vitest";
import { isImpatient, isOftenReturned } from "./patience.ts";

test.each([
  ["behind a long job, after a second", { brisk: true, pausedAtMs: undefined }, 1_000, true],
  ["not before", { brisk: true, pausedAtMs: undefined }, 999, false],
  ["paused, short jobs: half a second later", { brisk: true, pausedAtMs: 300 }, 800, true],
  ["not before", { brisk: true, pausedAtMs: 300 }, 799, false],
  ["paused, long jobs: at once", { brisk: false, pausedAtMs: 300 }, 300, true],
])("%s", (_, state, nowMs, expected) => {
  expect(isImpatient(0, state, nowMs)).toBe(expected);
});

test("a delivery that came back ten times is kept; without a count it never came back", () => {
  const withHeaders = (headers: Record<string, unknown>) => ({
    message: { properties: { headers } } as ConsumeMessage,
  });
  expect(isOftenReturned(withHeaders({ "x-delivery-count": 10 }))).toBe(true);
  expect(isOftenReturned(withHeaders({ "x-delivery-count": 9 }))).toBe(false);
  expect(isOftenReturned(withHeaders({}))).toBe(false);
});
