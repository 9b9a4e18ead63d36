import { expect, test } from "vitest";
import { isOfSeveralTemplates, type Pod, podTrouble, podView, poolsOf, workerOf } from "./pods.ts";

const annotations = { "kubectl.kubernetes.io/default-container": "worker" };

function pod({ metadata, ...rest }: Partial<Pod> = {}): Pod {
  return { metadata: { name: "mail-0", annotations, creationTimestamp: "2026-01-01T00:00:10Z", ...metadata }, ...rest };
}

const running = { name: "worker", state: { running: {} } };

test("a pod is seen with its phase, readiness and age", () => {
  const seen = podView(
    pod({
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [running] },
    }),
  );
  expect(seen).toEqual({
    name: "mail-0",
    phase: "Running",
    ready: true,
    deleting: false,
    createdAtMs: Date.parse("2026-01-01T00:00:10Z"),
    processRunning: true,
  });
});

test("a pod that is being deleted says when its process will have been killed", () => {
  const metadata = { name: "mail-0", annotations, deletionTimestamp: "2026-01-01T00:05:00Z" };
  expect(podView(pod({ metadata }))).toMatchObject({
    deleting: true,
    killedAtMs: Date.parse("2026-01-01T00:05:00Z"),
  });
});

test("a pod that nothing is known of yet is neither ready nor running", () => {
  expect(podView(pod())).toMatchObject({ phase: "Unknown", ready: false, processRunning: false });
});

test("only the container with the handlers tells whether their process runs", () => {
  const sidecar = { name: "proxy", state: { running: {} } };
  const waiting = { name: "worker", state: { waiting: { reason: "CrashLoopBackOff" } } };
  expect(podView(pod({ status: { containerStatuses: [sidecar, waiting] } })).processRunning).toBe(false);
  expect(podView(pod({ status: { containerStatuses: [sidecar, running] } })).processRunning).toBe(true);
});

test.each([
  ["-1000", -1000],
  [undefined, 0],
  ["cheap", 0],
])("deletion cost %j counts as %d", (cost, counts) => {
  const marked = { ...annotations, ...(cost && { "controller.kubernetes.io/pod-deletion-cost": cost }) };
  expect(workerOf(pod({ metadata: { name: "mail-0", annotations: marked } }), undefined).deletionCost).toBe(counts);
});

test("a pod is scheduled once it has a node", () => {
  expect(workerOf(pod(), undefined).scheduled).toBe(false);
  expect(workerOf(pod({ spec: { nodeName: "a" } }), undefined).scheduled).toBe(true);
});

test("pods of two templates are there during a rollout, until the last old one is being deleted", () => {
  const of = (hash: string, deletionTimestamp?: string) =>
    pod({ metadata: { name: hash, labels: { "pod-template-hash": hash }, deletionTimestamp } });
  expect(isOfSeveralTemplates([])).toBe(false);
  expect(isOfSeveralTemplates([of("a"), of("a")])).toBe(false);
  expect(isOfSeveralTemplates([of("a"), of("b")])).toBe(true);
  expect(isOfSeveralTemplates([of("a", "2026-01-01T00:00:00Z"), of("b")])).toBe(false);
});

test("what a container waits for in a healthy start is no trouble, what it does not get over is", () => {
  const waits = (reason: string) =>
    pod({ status: { containerStatuses: [{ name: "worker", state: { waiting: { reason } } }] } });
  const nowMs = 0;
  expect(podTrouble(waits("PodInitializing"), nowMs)).toBeUndefined();
  expect(podTrouble(waits("CrashLoopBackOff"), nowMs)).toEqual({
    reason: "CrashLoopBackOff",
    message: "pod mail-0, container worker: CrashLoopBackOff",
  });
});

test("an init container keeps a pod from working until it has ended well", () => {
  const waiting = { name: "worker", state: { waiting: { reason: "PodInitializing" } } };
  const migrate = (exitCode: number) => {
    const first = { name: "migrate", restartCount: 4, state: { terminated: { exitCode } } };
    return podTrouble(pod({ status: { initContainerStatuses: [first], containerStatuses: [waiting] } }), 0);
  };
  expect(migrate(0)).toBeUndefined();
  expect(migrate(2)).toEqual({
    reason: "CrashLoopBackOff",
    message: "pod mail-0, container migrate: restarted 4 times; ended last with exit code 2",
  });
});

test("a replica's label says which pool's it is, and no other pod's, whatever labels it has", () => {
  const labels = { "jobwright.dev/pool": "mail" };
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "mail-1", uid: "u-1", controller: true };
  const of = (metadata: Partial<Pod["metadata"]>) =>
    poolsOf(pod({ metadata: { name: "mail-0", namespace: "ns", ...metadata } }));
  expect(of({ labels, ownerReferences: [owner] })).toEqual(["ns/mail"]);
  expect(of({ ownerReferences: [owner] })).toEqual([]);
  expect(of({ labels })).toEqual([]);
  expect(of({ labels, ownerReferences: [{ ...owner, apiVersion: "batch/v1", kind: "Job" }] })).toEqual([]);
});
