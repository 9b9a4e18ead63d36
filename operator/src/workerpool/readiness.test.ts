import { expect, test } from "vitest";
import type { Deployment } from "./deployment.ts";
import type { Pod } from "./pods.ts";
import { poolReadiness } from "./readiness.ts";

function deployment(replicas: number, status: Deployment["status"] = {}): Deployment {
  const all = { replicas, updatedReplicas: replicas, observedGeneration: 1 };
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
  expect(poolReadiness(deployment(0), [], false)).toMatchObject({ state: "Ready", reason: "AtZero" });
  expect(poolReadiness(deployment(2), [], false)).toMatchObject({ state: "Ready", reason: "Working" });
});

test("pods that are starting are no problem", () => {
  const starting = pod({
    phase: "Pending",
    containerStatuses: [{ name: "handlers", state: { waiting: { reason: "ContainerCreating" } } }],
  });
  expect(poolReadiness(deployment(1), [starting], false)).toMatchObject({ state: "Ready" });
});

test("what the kubelet says of a pod is copied up, with the pod's name", () => {
  expect(poolReadiness(deployment(1), [cannotPull], false)).toEqual({
    state: "Reconciling",
    reason: "ErrImagePull",
    message: "pod mail-0, container handlers: no such image: mail:1",
  });
});

test("what is wrong with a pod that is on its way out says nothing of the pool", () => {
  const leaving = pod(cannotPull.status ?? {}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  expect(poolReadiness(deployment(0), [leaving], false)).toMatchObject({ state: "Ready" });
});

test("a pod that no node takes is told of in the scheduler's words", () => {
  const homeless = pod({
    phase: "Pending",
    conditions: [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available" },
    ],
  });
  expect(poolReadiness(deployment(1), [homeless], false)).toMatchObject({
    reason: "Unschedulable",
    message: "pod mail-0: 0/3 nodes are available",
  });
});

test("pods that cannot even be made are told of first", () => {
  const refused = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: small" };
  expect(poolReadiness(deployment(1, { conditions: [refused] }), [cannotPull], false)).toMatchObject({
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
  expect(poolReadiness(found, [], templatePending)).toMatchObject({ state: "Reconciling", reason: "RollingOut" });
});
