import { beforeEach, describe, expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import type { PoolDecision } from "../autoscaling/pool.ts";
import type { EventRecorder } from "../kube/index.ts";
import { createDecisions } from "./decisions.ts";

const nowMs = Date.parse("2026-03-02T08:00:00Z");
const told: [type: string, reason: string, message: string][] = [];
const events: EventRecorder = {
  record: (_pool, ...event) => void told.push(event),
  flush: async () => {},
};
beforeEach(() => void told.splice(0));

const pool = (mode: string, paused = false) => ({ spec: { scaling: { mode }, paused } }) as WorkerPool;
const step = (from: number, to: number, second = 0, reason = "Backlog") => ({
  ...{ nowMs: nowMs + second * 1000, from, to, current: 1 },
  auto: { reason, why: `${to} slots` } as PoolDecision,
});

test("a change is shown, remembered and reported", () => {
  const decisions = createDecisions(events);
  expect(decisions.note(pool("Auto"), step(1, 4))).toBe(true);
  expect(decisions.last).toEqual({
    ...{ time: "2026-03-02T08:00:00Z", replicas: 4, reason: "Backlog", message: "1 → 4 workers: 4 slots" },
  });
  expect(decisions.recent).toEqual([{ ...decisions.last, from: 1 }]);
  expect(told).toEqual([["Normal", "ScaledUp", "1 → 4 workers: 4 slots"]]);
  expect(decisions.note(pool("Auto"), step(4, 4, 1))).toBe(false);
  decisions.note(pool("Manual"), step(4, 3, 2));
  expect(decisions.scaled).toEqual({ up: 1, down: 1 });
});

test("a recommendation says what would be done, and what is", () => {
  const decisions = createDecisions(events);
  expect(decisions.note(pool("Recommend"), step(1, 4))).toBe(true);
  const message = "1 → 4 workers: 4 slots; only recommended (scaling.mode Recommend), 1 asked for";
  expect(decisions.last).toMatchObject({ replicas: 4, reason: "Backlog", message });
  expect(told).toEqual([["Normal", "ScalingRecommended", message]]);
  expect(decisions.scaled).toEqual({ up: 0, down: 0 });
});

test("a pause is shown once, and so is its end", () => {
  const decisions = createDecisions(events);
  decisions.note(pool("Auto"), step(0, 3));
  expect(decisions.note(pool("Auto", true), step(2, 3, 1))).toBe(true);
  expect(decisions.last).toMatchObject({
    replicas: 3,
    reason: "Paused",
    message: expect.stringMatching(/^3 workers: /),
  });
  expect(decisions.note(pool("Auto", true), step(3, 3, 2, "BacklogUnknown"))).toBe(false);
  expect(decisions.note(pool("Auto", true), step(3, 3, 20, "BacklogUnknown"))).toBe(false);
  expect(decisions.note(pool("Auto"), step(3, 3, 21))).toBe(true);
  expect(decisions.last?.reason).toBe("Backlog");
  expect(told).toHaveLength(1);
});

describe("while too little is known", () => {
  test.each(["BacklogUnknown", "WithoutRuntime"])(
    "that is told after five seconds, and once it is over: %s",
    (reason) => {
      const decisions = createDecisions(events);
      const blind = (second: number) => decisions.note(pool("Auto"), step(3, 3, second, reason));
      expect([0, 4, 5, 6, 60].map(blind)).toEqual([false, false, true, false, false]);
      expect(told).toEqual([["Warning", "ScalingHeld", "3 workers: 3 slots"]]);
      expect(decisions.note(pool("Auto"), step(3, 3, 61))).toBe(true);
    },
  );

  test("a hiccup is no news", () => {
    const decisions = createDecisions(events);
    for (const second of [0, 1, 2, 3]) decisions.note(pool("Auto"), step(3, 3, second, "BacklogUnknown"));
    expect(decisions.note(pool("Auto"), step(3, 3, 4))).toBe(false);
    expect(decisions.note(pool("Auto"), step(3, 3, 8, "BacklogUnknown"))).toBe(false);
  });
});

test("what the status showed before is gone on from", () => {
  const decision = { time: "2026-03-02T07:59:50Z", replicas: 2, reason: "Backlog", message: "1 → 2 workers: 2 slots" };
  const decisions = createDecisions(events, { decision, recentDecisions: [{ ...decision, from: 1 }] });
  decisions.note(pool("Auto"), step(2, 4));
  expect(decisions.recent).toMatchObject([
    { from: 1, replicas: 4, changes: 2, message: "1 → 4 workers in 2 steps: 4 slots" },
  ]);
});
