import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import { besideReadiness } from "./conditions.ts";
import type { ScalerReport } from "./scaler-report.ts";

const now = new Date("2026-03-02T08:00:00Z");
const ready = {
  type: "Ready",
  status: "True",
  reason: "Working",
  message: "",
  lastTransitionTime: "2026-03-02T07:00:00Z",
};
const pool = (paused = false) =>
  ({ metadata: { generation: 2 }, spec: { paused, scaling: { targetWait: "5s" } } }) as WorkerPool;
function report(targetUnreachable: boolean): ScalerReport {
  const latest = { recommendation: { targetUnreachable }, signals: { coldStartSeconds: 12.34 } };
  return { latest, alarms: [] } as unknown as ScalerReport;
}
const beside = (of: WorkerPool, found?: ScalerReport, before = [ready] as Parameters<typeof besideReadiness>[1]) =>
  besideReadiness(of, before, found, now);

test("a pool of which there is nothing else to say has no more conditions", () => {
  expect(beside(pool(), report(false))).toEqual([ready]);
});

test("a target that pods start too slowly for is told with the figures, until it can be met", () => {
  const slow = beside(pool(), report(true));
  expect(slow[1]).toMatchObject({ type: "TargetUnreachable", status: "True", reason: "ColdStartTooLong" });
  expect(slow[1]?.message).toMatch(
    /^a pod takes 12.3 s to start .* longer than scaling.targetWait 5s.*: raise targetWait/,
  );
  // A pass that knows nothing of it takes nothing back.
  expect(beside(pool(), undefined, slow)).toEqual(slow);
  expect(beside(pool(), report(false), slow)).toEqual([ready]);
});

test("a pause is told while it lasts, whatever the readiness", () => {
  const paused = beside(pool(true), undefined, [{ ...ready, status: "False", reason: "Unschedulable" }]);
  expect(paused[1]).toMatchObject({ type: "Paused", status: "True", reason: "PausedBySpec", observedGeneration: 2 });
  expect(beside(pool(), undefined, paused)).toHaveLength(1);
});
