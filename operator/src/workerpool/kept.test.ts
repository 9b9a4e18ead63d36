import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import { longestRunSeconds } from "../autoscaling/longest-run.ts";
import { stepPool } from "../autoscaling/pool.ts";
import { startPool } from "../autoscaling/pool-state.ts";
import type { Condition } from "../kube/index.ts";
import { keptOf } from "./kept.ts";
import { poolStatus } from "./status.ts";

const nowMs = Date.parse("2026-03-02T08:00:00Z");
const hourMs = 3_600_000;
const limited = (reason: string): Condition => ({
  ...{ type: "ScalingLimited", status: "True", reason, message: "no more" },
  lastTransitionTime: "2026-03-02T07:00:00Z",
});

test("a new leader goes on from the measurements, and from a limit that only they tell of", () => {
  const measured = {
    serviceTimeMs: 500,
    coldStartMs: [1_400],
    longestRunMs: 9_000,
    longestRunEndedAt: "2026-03-01T23:00:00Z",
  };
  expect(keptOf({ status: { measured, conditions: [limited("Failing")] } }, nowMs)).toEqual({
    ...{ serviceTimeMs: 500, coldStartMs: [1_400], longestRun: { seconds: 9, atMs: nowMs - 9 * hourMs } },
    limit: { reason: "Failing", message: "no more" },
  });
});

test("what Kubernetes refuses is asked for anew", () => {
  expect(keptOf({ status: { conditions: [limited("PodsRefused")] } }, nowMs).limit).toBeUndefined();
  expect(keptOf({}, nowMs)).toMatchObject({ limit: undefined, longestRun: undefined });
});

test("what a longest run counts for grows less however often the operator is restarted, and is written once", () => {
  const readiness = { state: "Ready", reason: "Working", message: "" } as const;
  const settings = { minReplicas: 0, maxReplicas: 1, concurrency: 1, targetWaitMs: 30_000, utilizationPercent: 100 };
  const input = { settings: { ...settings, scaleDownDelayMs: 0, idleDelayMs: 0 }, backlogReady: 0, wake: false };
  const endedAt = "2026-03-02T08:00:00Z";
  const written = { measured: { longestRunMs: 14_400_000, longestRunEndedAt: endedAt } };
  let status: WorkerPool["status"] = written;
  /** What it counts for when an operator has led for 20 h. */
  const counts = [0, 1, 2, 3, 4].map((lead) => {
    const pool = { metadata: { name: "mail" }, spec: {}, status } as WorkerPool;
    const beginsMs = nowMs + lead * 20 * hourMs;
    const state = startPool({ nowMs: beginsMs, currentReplicas: 0, kept: keptOf(pool, beginsMs) });
    const step = stepPool(state, { ...input, nowMs: beginsMs + 20 * hourMs, heartbeats: [], pods: [] });
    const report = {
      ...{ desiredReplicas: 0, decision: undefined, recentDecisions: [], latest: undefined, alarms: [] },
    };
    const told = { ...report, measurements: step.measurements, pausing: undefined, paused: false };
    status = poolStatus(pool, { readiness, report: { ...told, templatePending: false } }, new Date(nowMs));
    expect(status).toMatchObject(written);
    return longestRunSeconds(step.state.fleet.longestRun, step.state.atMs);
  });
  expect(counts).toEqual([14_400, 7_200, 3_600, 1_800, 900]);
});

test("what a clock that ran ahead has written is taken for new, and so is what nobody dated", () => {
  const longestRun = { seconds: 9, atMs: nowMs };
  const measured = { longestRunMs: 9_000 };
  expect(keptOf({ status: { measured } }, nowMs).longestRun).toEqual(longestRun);
  const ahead = { ...measured, longestRunEndedAt: "2027-01-01T00:00:00Z" };
  expect(keptOf({ status: { measured: ahead } }, nowMs).longestRun).toEqual(longestRun);
});
