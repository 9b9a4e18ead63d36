import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import type { Deployment } from "./deployment.ts";
import type { ScalerReport } from "./scaler-report.ts";
import { poolStatus } from "./status.ts";

const now = new Date("2026-01-01T00:00:00Z");
const working = { state: "Ready", reason: "Working", message: "workers take jobs" } as const;
const deployment: Deployment = { metadata: { name: "mail" }, spec: { replicas: 2 }, status: { readyReplicas: 1 } };
const workers = { working: 1, cordoned: 0, starting: 1, overdue: 0, silent: 0 };
const decision = { time: "2026-01-01T00:00:00Z", replicas: 2, reason: "Backlog", message: "0 → 2 workers" };

function pool(status?: WorkerPool["status"]): WorkerPool {
  const metadata = { name: "mail", namespace: "post", generation: 3 };
  return { metadata, spec: { paused: false }, ...(status && { status }) } as WorkerPool;
}

function report(measurements: ScalerReport["measurements"]): ScalerReport {
  const told = { decision, recentDecisions: [{ ...decision, from: 0 }], latest: undefined, alarms: [] };
  return { desiredReplicas: 2, ...told, measurements, pausing: undefined, paused: false, templatePending: false };
}

test("what was found is told", () => {
  const measurements = { busy: 1, backlog: 7, serviceTimeMs: 250, coldStartMs: [1_400], lagMs: 1_700, workers };
  const status = poolStatus(pool(), { readiness: working, deployment, pods: [], report: report(measurements) }, now);
  expect(status).toMatchObject({
    observedGeneration: 3,
    selector: "jobwright.dev/pool=mail",
    replicas: 0,
    readyReplicas: 1,
    desiredReplicas: 2,
    busy: 1,
    backlog: 7,
    lagSeconds: 2,
    decision,
    recentDecisions: [{ ...decision, from: 0 }],
    measured: { serviceTimeMs: 250, coldStartMs: [1_400] },
  });
  expect(status.conditions).toMatchObject([{ type: "Ready", status: "True", reason: "Working" }]);
});

test("pods that are being deleted, or have ended, are not counted", () => {
  const pods = [
    { metadata: { name: "a" }, status: { phase: "Running" } },
    { metadata: { name: "b", deletionTimestamp: "2026-01-01T00:00:00Z" }, status: { phase: "Running" } },
    { metadata: { name: "c" }, status: { phase: "Failed" } },
  ];
  expect(poolStatus(pool(), { readiness: working, pods }, now).replicas).toBe(1);
});

test("an alarm is a condition for as long as it lasts", () => {
  const alarm = { type: "WorkersStuck", reason: "RunsDoNotEnd", message: "mail-0 (since 09:30)" } as const;
  const alarmed = { ...report(undefined), alarms: [alarm] };
  const before = poolStatus(pool(), { readiness: working, report: alarmed }, now);
  expect(before.conditions).toMatchObject([{ type: "Ready" }, { ...alarm, status: "True", observedGeneration: 3 }]);
  const unknown = poolStatus(pool(before), { readiness: working }, now);
  expect(unknown.conditions).toEqual(before.conditions);
  const over = poolStatus(pool(before), { readiness: working, report: report(undefined) }, now);
  expect(over.conditions).toMatchObject([{ type: "Ready" }]);
});

test("what is not known now stays as it was", () => {
  const measurements = { busy: 1, backlog: 7, serviceTimeMs: 250, coldStartMs: [1_400], lagMs: 1_700, workers };
  const before = poolStatus(pool(), { readiness: working, deployment, pods: [], report: report(measurements) }, now);
  const problem = { state: "Reconciling", reason: "QueueNotFound", message: "no queue" } as const;
  const { conditions, ...rest } = poolStatus(pool(before), { readiness: problem }, now);
  expect(before).toMatchObject(rest);
  expect(conditions).toMatchObject([
    { type: "Ready", status: "False", reason: "QueueNotFound" },
    { type: "Reconciling", status: "True" },
  ]);
});
