import { beforeEach, expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import type { GrowthLimit } from "../autoscaling/growth-limit.ts";
import type { Condition, EventRecorder } from "../kube/index.ts";
import { createAlarms } from "./alarms.ts";

const told: string[] = [];
const events: EventRecorder = {
  record: (_pool, ...event) => void told.push(event.slice(0, 2).join(" ")),
  flush: async () => {},
};
beforeEach(() => void told.splice(0));

const pool = { spec: { scaling: { mode: "Auto" }, paused: false } } as WorkerPool;
const limit: GrowthLimit = { reason: "Unschedulable", ceiling: 4, message: "1 pod has no node yet" };
const found = (has?: GrowthLimit) => ({ stuck: { workers: [], limitSeconds: 300, nothingEnds: false }, limit: has });

test("what begins and what is over is reported once", () => {
  const alarms = createAlarms(events);
  expect(alarms.note(pool, found(), 0)).toBe(false);
  expect(alarms.note(pool, found(limit), 60_000)).toBe(true);
  expect(alarms.note(pool, found(limit), 61_000)).toBe(false);
  expect(alarms.now).toEqual([{ type: "ScalingLimited", reason: limit.reason, message: limit.message }]);
  expect(alarms.note(pool, found(), 62_000)).toBe(true);
  expect(alarms.now).toEqual([]);
  expect(told).toEqual(["Warning Unschedulable", "Normal AlarmOver"]);
});

test("a new leader does not say that something is over before it can know", () => {
  const kept = { type: "ScalingLimited", status: "True", ...limit, lastTransitionTime: "2026-01-01T00:00:00Z" };
  const alarms = createAlarms(events, [kept as Condition]);
  for (const second of [1, 10]) expect(alarms.note(pool, found(), second * 1000)).toBe(false);
  expect(alarms.note(pool, found(limit), 12_000)).toBe(false);
  expect(told).toEqual([]);
  expect(alarms.note(pool, found(), 22_000)).toBe(true);
  expect(told).toEqual(["Normal AlarmOver"]);
});
