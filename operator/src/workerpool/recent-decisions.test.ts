import { expect, test } from "vitest";
import type { PastDecision } from "../api/worker-pool.ts";
import { type Made, remember } from "./recent-decisions.ts";

const startMs = Date.parse("2026-03-02T08:00:00Z");
const made = (second: number, from: number, to: number, changes: Partial<Made> = {}): Made => ({
  ...{ atMs: startMs + second * 1000, from, to, reason: "Backlog", why: `${to} slots` },
  ...changes,
});
const after = (...decisions: Made[]) => decisions.reduce<PastDecision[]>(remember, []);

test("the newest decision comes first", () => {
  expect(after(made(0, 0, 4), made(90, 4, 2))).toEqual([
    { time: "2026-03-02T08:01:30Z", from: 4, replicas: 2, reason: "Backlog", message: "4 → 2 workers: 2 slots" },
    { time: "2026-03-02T08:00:00Z", from: 0, replicas: 4, reason: "Backlog", message: "0 → 4 workers: 4 slots" },
  ]);
});

test("steps in one direction shortly after each other are one story, with the last reason", () => {
  expect(after(made(0, 0, 1), made(1, 1, 5), made(40, 5, 8, { reason: "Arrivals" }))).toEqual([
    {
      time: "2026-03-02T08:00:40Z",
      since: "2026-03-02T08:00:00Z",
      changes: 3,
      from: 0,
      replicas: 8,
      reason: "Arrivals",
      message: "0 → 8 workers in 3 steps: 8 slots",
    },
  ]);
});

test("what turns, comes later, or does not go on from the last number is told by itself", () => {
  expect(after(made(0, 0, 4), made(1, 4, 3))).toHaveLength(2);
  expect(after(made(0, 0, 4), made(61, 4, 5))).toHaveLength(2);
  expect(after(made(0, 0, 4), made(1, 2, 5))).toHaveLength(2);
});

test("a story of steps that never ends is cut", () => {
  const steps = Array.from({ length: 30 }, (_, n) => made(n * 20, n, n + 1));
  const list = after(...steps);
  expect(list.map(({ from, replicas }) => replicas - from)).toEqual([14, 16]);
});

test("being held is told once for each reason", () => {
  const held = (second: number, reason: string) => made(second, 3, 3, { reason });
  const list = after(
    held(0, "BacklogUnknown"),
    held(10, "Backlog"),
    held(20, "BacklogUnknown"),
    held(30, "BacklogUnknown"),
  );
  expect(list.map(({ reason, changes }) => [reason, changes])).toEqual([
    ["BacklogUnknown", 2],
    ["Backlog", undefined],
    ["BacklogUnknown", undefined],
  ]);
});

test("the list has at most ten decisions, and none more than an hour older than the newest", () => {
  const upAndDown = Array.from({ length: 15 }, (_, n) => made(n * 60, n % 2, (n + 1) % 2));
  expect(after(...upAndDown)).toHaveLength(10);
  expect(after(...upAndDown, made(14 * 60 + 3_600 - 2 * 60, 1, 3))).toHaveLength(4);
  expect(after(...upAndDown, made(2 * 3_600, 1, 3))).toHaveLength(1);
});
