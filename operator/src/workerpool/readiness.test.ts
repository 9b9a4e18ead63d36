import { describe, expect, test } from "vitest";
import type { Deployment } from "./deployment.ts";
import { crashLoopsEndMs, type Pod } from "./pods.ts";
import { isRolledOut, poolReadiness } from "./readiness.ts";

const nowMs = Date.parse("2026-01-01T00:00:12Z");
const settled = { templatePending: false, pausing: undefined, paused: false, alarms: [], nowMs };

function deployment(replicas: number, status: Deployment["status"] = {}): Deployment {
  const all = { replicas, updatedReplicas: replicas, readyReplicas: replicas, observedGeneration: 1 };
  return { metadata: { name: "mail", generation: 1 }, spec: { replicas }, status: { ...all, ...status } };
}

function pod(status: NonNullable<Pod["status"]>, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return { metadata: { name: "mail-0", ...metadata }, status };
}

const cannotPull = pod({
  phase: "Pending",
  containerStatuses: [
    { name: "handlers", state: { waiting: { reason: "ErrImagePull", message: "no such image: mail:1" } } },
  ],
});

test("at zero, and with workers, a pool is ready", () => {
  expect(poolReadiness(deployment(0), [], settled)).toMatchObject({ state: "Ready", reason: "AtZero" });
  expect(poolReadiness(deployment(2), [], settled)).toMatchObject({ state: "Ready", reason: "Working" });
});

test("pods that are starting are no problem", () => {
  const starting = pod({
    phase: "Pending",
    containerStatuses: [{ name: "handlers", state: { waiting: { reason: "ContainerCreating" } } }],
  });
  expect(poolReadiness(deployment(1), [starting], settled)).toMatchObject({ state: "Ready" });
});

const progressing = (status: string, reason: string) => [{ type: "Progressing", status, reason }];

test("a new spec is not at work before one of its workers is ready", () => {
  const conditions = progressing("True", "ReplicaSetUpdated");
  expect(poolReadiness(deployment(2, { conditions, readyReplicas: 0 }), [], settled)).toMatchObject({
    state: "Reconciling",
    reason: "RollingOut",
    message: "no worker of the newest spec is ready yet",
  });
  expect(poolReadiness(deployment(2, { conditions, readyReplicas: 1 }), [], settled)).toMatchObject({ state: "Ready" });
});

test("once it was, a pool that wakes from zero stays ready", () => {
  const conditions = progressing("True", "NewReplicaSetAvailable");
  expect(poolReadiness(deployment(1, { conditions, readyReplicas: 0 }), [], settled)).toMatchObject({
    state: "Ready",
    reason: "Working",
  });
});

test("a rollout that Kubernetes has given up is stalled, with what the pods say", () => {
  const conditions = progressing("False", "ProgressDeadlineExceeded");
  const given = deployment(1, { conditions, readyReplicas: 0 });
  expect(poolReadiness(given, [cannotPull], settled)).toMatchObject({ state: "Stalled", reason: "ErrImagePull" });
  expect(poolReadiness(given, [], settled)).toMatchObject({ state: "Stalled", reason: "RollingOut" });
});

test("what the kubelet says of a pod is copied up, with the pod's name", () => {
  expect(poolReadiness(deployment(1), [cannotPull], settled)).toEqual({
    state: "Reconciling",
    reason: "ErrImagePull",
    message: "pod mail-0, container handlers: no such image: mail:1",
  });
});

test("while pods that were refused are not asked for, what Kubernetes said of them stands", () => {
  const message = "exceeded quota: few; more are asked for after 30s";
  const alarms = [{ type: "ScalingLimited", reason: "PodsRefused", message } as const];
  expect(poolReadiness(deployment(2), [], { ...settled, alarms })).toEqual({
    state: "Reconciling",
    reason: "FailedCreate",
    message,
  });
});

test("a pool whose pods crash says the same while they wait, begin again and end", () => {
  const ended = { exitCode: 1, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:01Z" };
  const steps = [
    { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container" } },
    { running: { startedAt: "2026-01-01T00:00:11Z" } },
    { terminated: ended },
  ];
  const never = deployment(2, { conditions: progressing("True", "ReplicaSetUpdated"), readyReplicas: 0 });
  const proven = deployment(2, { conditions: progressing("True", "NewReplicaSetAvailable") });
  for (const state of steps) {
    const crashing = { name: "handlers", restartCount: 3, lastState: { terminated: ended }, state };
    const pods = [cannotPull, pod({ phase: "Running", containerStatuses: [crashing] })];
    const told = {
      ...{ state: "Reconciling", reason: "CrashLoopBackOff" },
      message: "pod mail-0, container handlers: restarted 3 times; ended last after 1 s with exit code 1",
    };
    expect(poolReadiness(never, pods, settled)).toEqual(told);
    expect(poolReadiness(proven, pods, settled)).toEqual(told);
  }
});

test("a pool whose pods crashed is well again once they run for longer than they did", () => {
  const terminated = { exitCode: 1, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:01Z" };
  const state = { running: { startedAt: "2026-01-01T00:00:11Z" } };
  const back = pod({ containerStatuses: [{ name: "handlers", restartCount: 3, lastState: { terminated }, state }] });
  const endsMs = Date.parse("2026-01-01T00:00:31Z");
  expect(crashLoopsEndMs([back], nowMs)).toBe(endsMs);
  expect(poolReadiness(deployment(1), [back], { ...settled, nowMs: endsMs }).reason).toBe("Working");
  expect(crashLoopsEndMs([back], endsMs)).toBe(Number.POSITIVE_INFINITY);
});

test("what is wrong with a pod that is on its way out says nothing of the pool", () => {
  const leaving = pod(cannotPull.status ?? {}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  expect(poolReadiness(deployment(0), [leaving], settled)).toMatchObject({ state: "Ready" });
});

test("a pod that no node takes is told of in the scheduler's words", () => {
  const homeless = pod({
    phase: "Pending",
    conditions: [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available" },
    ],
  });
  expect(poolReadiness(deployment(1), [homeless], settled)).toMatchObject({
    reason: "Unschedulable",
    message: "pod mail-0: 0/3 nodes are available",
  });
});

test("pods that cannot even be made are told of first", () => {
  const refused = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: small" };
  expect(poolReadiness(deployment(1, { conditions: [refused] }), [cannotPull], settled)).toMatchObject({
    state: "Reconciling",
    reason: "FailedCreate",
    message: "exceeded quota: small",
  });
});

test.each([
  ["no Deployment is there yet", undefined, false],
  ["the Deployment controller has not looked yet", { metadata: { name: "mail" }, spec: { replicas: 1 } }, false],
  ["its status is of an older template", deployment(2), true],
  ["some pods are of an older template", deployment(2, { updatedReplicas: 1 }), false],
] as const)("while %s, workers are being replaced", (_what, found, templatePending) => {
  expect(poolReadiness(found, [], { ...settled, templatePending })).toMatchObject({
    state: "Reconciling",
    reason: "RollingOut",
  });
});

test("a paused pool is as asked, and what goes wrong in it is told all the same", () => {
  const paused = { ...settled, paused: true };
  expect(poolReadiness(deployment(2), [], paused)).toEqual({
    state: "Ready",
    reason: "Paused",
    message: "spec.paused is true: workers go on; neither their number nor what they run is changed until it is false",
  });
  expect(poolReadiness(undefined, [], paused).message).toContain("no worker runs, and none is started");
  expect(poolReadiness(deployment(2), [cannotPull], paused).reason).toBe("ErrImagePull");
  // What changed meanwhile, its workers do not know.
  expect(isRolledOut(deployment(2), paused)).toBe(false);
});

describe("while the queue is paused", () => {
  const paused = (yet: string[], unable: string[] = []) => ({ ...settled, pausing: { paused: true, yet, unable } });

  test("the pool is as asked, and says that nothing is done", () => {
    expect(poolReadiness(deployment(2), [], paused([]))).toEqual({
      state: "Ready",
      reason: "QueuePaused",
      message: "the JobQueue is paused (its spec.paused): workers take no jobs",
    });
    expect(poolReadiness(deployment(0), [], paused([])).message).toContain("no worker runs, and none is started");
    expect(poolReadiness(deployment(2), [], paused(["mail-0"])).message).toMatch(/; yet to hear of it: mail-0$/);
  });

  test("workers that go on because they cannot be told are named, and what to do about them", () => {
    const { state, reason, message } = poolReadiness(deployment(5), [], paused([], ["a", "b", "c", "d", "e"]));
    expect({ state, reason }).toEqual({ state: "Reconciling", reason: "CannotPause" });
    expect(message).toContain("a, b, c and 2 more. Build their image");
  });

  test("a worker that has not heard that it is over is told of", () => {
    const pausing = { paused: false, yet: ["mail-0"], unable: [] };
    expect(poolReadiness(deployment(1), [], { ...settled, pausing }).message).toContain("yet to hear of it: mail-0");
  });
});
