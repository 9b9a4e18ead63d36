import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PodPhase, WorkerReport } from "../autoscaling/signals.ts";
import { type DrainInput, drainedDeletionCost, planDrain, type Worker } from "./drain.ts";

const nowMs = 1_000_000;

function worker(name: string, changes: Partial<Worker> = {}): Worker {
  return {
    name,
    phase: "Running",
    scheduled: true,
    ready: true,
    deleting: false,
    createdAtMs: 0,
    processRunning: true,
    deletionCost: 0,
    report: report(),
    ...changes,
  };
}

function report(changes: Partial<WorkerReport> = {}): WorkerReport {
  return { state: "Running", busy: 0, held: 0, heardAtMs: nowMs, fresh: true, ...changes };
}

const busy = (name: string, jobs: number) => worker(name, { report: report({ busy: jobs }) });
const cordoned = (name: string, jobs: number) => worker(name, { report: report({ state: "Cordoned", busy: jobs }) });
const drained = (name: string, changes: Partial<Worker> = {}) =>
  worker(name, { report: report({ state: "Drained" }), ...changes });
const leaving = (name: string) => drained(name, { ready: false, deletionCost: drainedDeletionCost });
const pending = (name: string) =>
  worker(name, { phase: "Pending", ready: false, processRunning: false, report: undefined });
const starting = (name: string, changes: Partial<Worker> = {}) =>
  worker(name, { ready: false, report: undefined, ...changes });

function plan(workers: readonly Worker[], desiredReplicas: number, changes: Partial<DrainInput> = {}) {
  return planDrain({
    nowMs,
    workers,
    currentReplicas: workers.length,
    desiredReplicas,
    rolloutInProgress: false,
    uncordonedAtMs: new Map(),
    ...changes,
  });
}

describe("planDrain", () => {
  test("takes workers without our runtime away once nobody has a job in hand, and not before", () => {
    const workers = ["a", "b", "c"].map((name) => worker(name, { report: undefined }));
    expect(plan(workers, 1)).toMatchObject({ replicas: 3, cordon: [], markDrained: [] });
    const quiet = new Set(["a", "b", "c"]);
    expect(plan(workers, 1, { quiet })).toMatchObject({ replicas: 1, cordon: [], markDrained: [], waitingFor: [] });
    expect(plan(workers, 0, { quiet }).replicas).toBe(0);
    // Kubernetes would choose among equals: one with our runtime may be busy.
    expect(plan([...workers, busy("d", 1)], 1, { quiet }).replicas).toBe(4);
  });

  test("cordons the idlest, and removes nothing yet", () => {
    const result = plan([busy("a", 2), busy("b", 0), busy("c", 1)], 1);
    expect(result.cordon.toSorted()).toEqual(["b", "c"]);
    expect(result.replicas).toBe(3);
    expect(result.waitingFor.toSorted()).toEqual(["b", "c"]);
  });

  test("leaves a pod that may begin to work at any moment: it is told to stop once it is heard", () => {
    const justNow = { createdAtMs: nowMs - 3_000 };
    for (const pod of [worker("b", { ...pending("b"), ...justNow }), starting("b", { ...justNow, deletionCost: -1 })]) {
      expect(plan([busy("a", 1), pod], 1)).toMatchObject({ replicas: 2, waitingFor: ["b"] });
    }
    const unassigned = worker("b", { ...pending("b"), ...justNow, scheduled: false });
    expect(plan([busy("a", 1), unassigned], 1).replicas).toBe(1);
  });

  test("marks a drained worker, and removes it only once it is seen both not ready and marked", () => {
    const first = plan([busy("a", 1), drained("b")], 1);
    expect(first).toMatchObject({ markDrained: ["b"], replicas: 2 });
    expect(plan([busy("a", 1), drained("b", { ready: false })], 1)).toMatchObject({ markDrained: ["b"], replicas: 2 });
    const marked = drained("b", { deletionCost: drainedDeletionCost });
    expect(plan([busy("a", 1), marked], 1)).toMatchObject({ markDrained: [], replicas: 2 });
    expect(plan([busy("a", 1), leaving("b")], 1)).toMatchObject({ replicas: 1, waitingFor: [] });
  });

  test("lowers replicas by no more than the number drained", () => {
    expect(plan([busy("a", 1), leaving("b"), cordoned("c", 1), cordoned("d", 1)], 1).replicas).toBe(3);
  });

  test("does not lower replicas twice for a pod that the ReplicaSet has yet to delete", () => {
    const workers = [busy("a", 1), leaving("b"), cordoned("c", 1)];
    expect(plan(workers, 1, { currentReplicas: 3 }).replicas).toBe(2);
    expect(plan(workers, 1, { currentReplicas: 2 }).replicas).toBe(2);
    const deleting = [busy("a", 1), { ...leaving("b"), deleting: true }, cordoned("c", 1)];
    expect(plan(deleting, 1, { currentReplicas: 2 }).replicas).toBe(2);
  });

  test("removes pods that never started at once", () => {
    expect(plan([busy("a", 1), pending("b"), pending("c")], 1)).toMatchObject({ replicas: 1, cordon: [] });
  });

  test("takes back a drained worker rather than wait for one that has not started", () => {
    expect(plan([busy("a", 1), pending("b"), drained("c")], 2)).toMatchObject({ replicas: 2, uncordon: ["c"] });
  });

  test("does not take a pod of several containers for not started while its worker runs", () => {
    const half = worker("b", { phase: "Pending", ready: false, report: report({ busy: 1 }) });
    expect(plan([busy("a", 1), half, leaving("c")], 1).replicas).toBe(3);
  });

  test("believes a worker that is heard sooner than the status of its pod, which a kubelet writes a second later", () => {
    const slowImage = { phase: "Pending", ready: false, processRunning: false, createdAtMs: nowMs - 60_000 } as const;
    const begun = worker("b", { ...slowImage, report: report({ busy: 1 }) });
    expect(plan([busy("a", 2), begun], 1)).toMatchObject({ cordon: ["b"], markDrained: [], replicas: 2 });
  });

  test("marks a starting pod before it removes it, so that no other goes if it becomes ready", () => {
    expect(plan([busy("a", 1), starting("b")], 1)).toMatchObject({ markDrained: ["b"], replicas: 2 });
    expect(plan([busy("a", 1), starting("b", { deletionCost: drainedDeletionCost })], 1).replicas).toBe(1);
  });

  test("removes a pod that crashes again and again, whatever it last reported", () => {
    const crashing = starting("b", { processRunning: false, report: report({ busy: 3, fresh: false }) });
    expect(plan([crashing], 0).markDrained).toEqual(["b"]);
    expect(plan([{ ...crashing, deletionCost: drainedDeletionCost }], 0).replicas).toBe(0);
  });

  test("takes a ready pod that was never heard for busy: it is neither cordoned nor removed", () => {
    const unheard = worker("b", { report: undefined });
    expect(plan([busy("a", 1), unheard], 0)).toMatchObject({ cordon: ["a"], replicas: 2 });
  });

  test("does not believe a drained worker that fell silent", () => {
    const silent = drained("b", {
      ready: false,
      deletionCost: drainedDeletionCost,
      report: report({ state: "Drained", fresh: false }),
    });
    expect(plan([busy("a", 1), silent], 1).replicas).toBe(2);
  });

  test("un-cordons at once for new load, the busiest first, and unmarks", () => {
    const result = plan([busy("a", 1), cordoned("b", 1), cordoned("c", 2), leaving("d")], 3);
    expect(result).toMatchObject({ uncordon: ["c", "b"], cordon: [], replicas: 3 });
    expect(plan([leaving("d")], 1)).toMatchObject({ uncordon: ["d"], unmark: ["d"], replicas: 1 });
  });

  test("raises replicas and takes cordoned workers back together", () => {
    expect(plan([cordoned("a", 1), leaving("b")], 5)).toMatchObject({
      uncordon: ["a", "b"],
      unmark: ["b"],
      replicas: 5,
    });
  });

  test("removes none of two equals while one of them was just taken back", () => {
    const result = plan([leaving("a"), leaving("b")], 1);
    expect(result.uncordon).toHaveLength(1);
    expect(result.replicas).toBe(2);
  });

  test("does not believe a report of drained that may be older than the un-cordon", () => {
    const workers = [busy("a", 1), leaving("b")];
    const justNow = plan(workers, 1, { uncordonedAtMs: new Map([["b", nowMs - 1_000]]) });
    expect(justNow.replicas).toBe(2);
    const longAgo = plan(workers, 1, { uncordonedAtMs: new Map([["b", nowMs - 10_000]]) });
    expect(longAgo.replicas).toBe(1);
  });

  test("takes drained workers that stay ready, where the pool has a readiness probe of its own, by their cost alone", () => {
    const own = { mayBeReadyWhenDrained: true };
    const marked = (name: string) => drained(name, { deletionCost: drainedDeletionCost });
    expect(plan([busy("a", 1), drained("b")], 1, own)).toMatchObject({ replicas: 2, markDrained: ["b"] });
    expect(plan([busy("a", 1), marked("b"), marked("c")], 1, own)).toMatchObject({ replicas: 1, waitingFor: [] });
    expect(plan([busy("a", 1), marked("b")], 1)).toMatchObject({ replicas: 2, waitingFor: ["b"] });
    // Kubernetes would take the one that is not ready first.
    const unready = worker("a", { ready: false, report: report({ busy: 1 }) });
    expect(plan([unready, marked("b")], 1, own).replicas).toBe(2);
  });

  test("believes a drained worker soon after the clock was set back", () => {
    const workers = [busy("a", 1), drained("b")];
    const setBack = plan(workers, 1, { uncordonedAtMs: new Map([["b", nowMs + 3_600_000]]) });
    const heardLater = [busy("a", 1), drained("b", { report: report({ state: "Drained", heardAtMs: nowMs + 3_000 }) })];
    const soon = plan(heardLater, 1, { nowMs: nowMs + 3_000, uncordonedAtMs: setBack.uncordonedAtMs });
    expect(soon.markDrained).toEqual(["b"]);
  });

  test("does not replace a cordoned worker whose pod died", () => {
    expect(plan([busy("a", 1)], 1, { currentReplicas: 2 }).replicas).toBe(1);
    const failed = worker("b", { phase: "Failed", ready: false });
    expect(plan([busy("a", 1), failed], 1, { currentReplicas: 2 }).replicas).toBe(1);
  });

  test("takes nothing away during a rollout, but may add", () => {
    const workers = [busy("a", 0), leaving("b"), cordoned("c", 1)];
    expect(plan(workers, 1, { rolloutInProgress: true })).toMatchObject({
      cordon: [],
      uncordon: [],
      markDrained: [],
      unmark: [],
      replicas: 3,
    });
    expect(plan(workers, 2, { rolloutInProgress: true })).toMatchObject({ uncordon: ["c"], replicas: 3 });
    expect(plan(workers, 6, { rolloutInProgress: true })).toMatchObject({ uncordon: ["c", "b"], replicas: 6 });
  });

  test("plans nothing when there is nothing to do", () => {
    expect(plan([busy("a", 1), busy("b", 0)], 2)).toMatchObject({
      cordon: [],
      uncordon: [],
      markDrained: [],
      unmark: [],
      replicas: 2,
    });
  });
});

// The ReplicaSet's choice, written from its documented order and not from the planner's: the rest of the order
// (pods per node, time of readiness, restarts, age) is `tieBreak`, which the operator does not know.
interface Chosen {
  readonly worker: Worker;
  readonly tieBreak: number;
}
function deletedByReplicaSet(pods: readonly Chosen[], replicas: number): Worker[] {
  const phases: PodPhase[] = ["Pending", "Unknown", "Running"];
  const filtered = pods.filter(
    ({ worker: { deleting, phase } }) => !deleting && phase !== "Failed" && phase !== "Succeeded",
  );
  const key = ({ worker: { scheduled, phase, ready, deletionCost }, tieBreak }: Chosen) => [
    scheduled ? 1 : 0,
    phases.indexOf(phase),
    ready ? 1 : 0,
    deletionCost,
    tieBreak,
  ];
  const ordered = filtered.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return (left[at] ?? 0) - (right[at] ?? 0);
  });
  return ordered.slice(0, Math.max(0, filtered.length - replicas)).map((chosen) => chosen.worker);
}

/** Work that would be repeated if this pod were deleted: what the operator cannot rule out counts. */
function mayHaveWork({ ready, phase, processRunning, report: last }: Worker, ownProbe: boolean): boolean {
  const heard = last?.fresh && last.state !== "Stopped";
  if (!heard && phase === "Pending" && !processRunning) return false;
  if (!heard && !processRunning && !ready) return false;
  if (last === undefined) return ready;
  if (last.state === "Stopped") return ready;
  return !(last.state === "Drained" && last.busy === 0 && last.fresh && (!ready || ownProbe));
}

const anyReport = fc.record({
  state: fc.constantFrom("Running", "Cordoned", "Drained", "Stopping", "Stopped"),
  busy: fc.integer({ min: 0, max: 3 }),
  held: fc.integer({ min: 0, max: 3 }),
  heardAtMs: fc.constant(nowMs),
  fresh: fc.boolean(),
});
const anyPods = fc
  .array(
    fc.record({
      worker: fc.record({
        name: fc.constant(""),
        phase: fc.constantFrom<PodPhase[]>("Pending", "Unknown", "Running", "Running", "Running", "Failed"),
        scheduled: fc.boolean(),
        ready: fc.boolean(),
        deleting: fc.boolean(),
        createdAtMs: fc.integer({ min: 0, max: 5 }),
        processRunning: fc.boolean(),
        deletionCost: fc.constantFrom(0, drainedDeletionCost),
        report: fc.option(anyReport, { nil: undefined }),
      }),
      tieBreak: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 10 },
  )
  .map((pods) => pods.map((pod, index): Chosen => ({ ...pod, worker: { ...pod.worker, name: `pod-${index}` } })));
const anyCount = fc.integer({ min: 0, max: 12 });

describe("whatever the pods are like", () => {
  const planned = (
    pods: readonly Chosen[],
    currentReplicas: number,
    desired: number,
    { rollout = false, ownProbe = false } = {},
  ) =>
    plan(
      pods.map((pod) => pod.worker),
      desired,
      { currentReplicas, rolloutInProgress: rollout, mayBeReadyWhenDrained: ownProbe },
    );

  test("the ReplicaSet deletes no pod that may have work because of the plan", () => {
    fc.assert(
      fc.property(anyPods, anyCount, anyCount, fc.boolean(), (pods, current, desired, ownProbe) => {
        const { replicas, uncordon } = planned(pods, current, desired, { ownProbe });
        // What lower replicas of before already cost is not the plan's doing.
        const already = new Set(deletedByReplicaSet(pods, current));
        const deleted = deletedByReplicaSet(pods, replicas).filter((pod) => !already.has(pod));
        expect(deleted.filter((pod) => mayHaveWork(pod, ownProbe))).toEqual([]);
        expect(deleted.filter(({ name }) => uncordon.includes(name))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  test("replicas stay between what is there and what is wanted", () => {
    fc.assert(
      fc.property(anyPods, anyCount, anyCount, fc.boolean(), (pods, current, desired, rollout) => {
        const { replicas } = planned(pods, current, desired, { rollout });
        expect(replicas).toBeGreaterThanOrEqual(Math.min(current, desired));
        expect(replicas).toBeLessThanOrEqual(Math.max(current, desired));
        if (rollout) expect(replicas).toBeGreaterThanOrEqual(current);
      }),
    );
  });

  test("no worker is told two things, and as many as wanted are left alone", () => {
    fc.assert(
      fc.property(anyPods, anyCount, anyCount, (pods, current, desired) => {
        const { cordon, uncordon, markDrained, unmark, waitingFor } = planned(pods, current, desired);
        expect(cordon.filter((name) => uncordon.includes(name))).toEqual([]);
        expect(markDrained.filter((name) => unmark.includes(name) || uncordon.includes(name))).toEqual([]);
        const active = pods.filter((pod) => !pod.worker.deleting && pod.worker.phase !== "Failed").length;
        expect(new Set([...cordon, ...markDrained, ...waitingFor]).size).toBeLessThanOrEqual(
          Math.max(0, active - desired),
        );
      }),
    );
  });
});
