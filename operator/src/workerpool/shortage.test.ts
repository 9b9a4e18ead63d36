import { expect, test } from "vitest";
import type { Deployment } from "./deployment.ts";
import type { Pod } from "./pods.ts";
import { shortageOf } from "./shortage.ts";

const said = 'pods "mail-7" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2';
const failing: Deployment = {
  metadata: { name: "mail" },
  spec: { replicas: 5 },
  status: { conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: said }] },
};
const nowMs = Date.parse("2026-01-01T00:01:00Z");
const pods: Pod[] = [{ metadata: { name: "a" } }, { metadata: { name: "b" } }];
const homeless = (name: string, creationTimestamp = "2026-01-01T00:00:00Z"): Pod => {
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" };
  return { metadata: { name, creationTimestamp }, status: { phase: "Pending", conditions: [condition] } };
};

test("pods that were refused are told of in Kubernetes's words, with those that there are", () => {
  expect(shortageOf(failing, pods, 5, nowMs)).toEqual({ reason: "PodsRefused", message: said, had: 2 });
  expect(shortageOf(failing, [], 5, nowMs)?.had).toBe(1);
});

test("a refusal that keeps nobody from having what was asked for is none: the pod of a rollout, or one of long ago", () => {
  expect(shortageOf(failing, pods, 2, nowMs)).toBeUndefined();
});

test("pods that no node takes are told of in the scheduler's words, and asked for all the same", () => {
  expect(shortageOf(undefined, [...pods, homeless("c"), homeless("d")], 4, nowMs)).toEqual({
    reason: "Unschedulable",
    message: "2 pods have no node yet: pod c: 0/3 nodes",
    had: 4,
  });
});

test("a pod that has only just come may yet be given a node", () => {
  expect(shortageOf(undefined, [homeless("c", "2026-01-01T00:00:51Z")], 1, nowMs)).toBeUndefined();
  expect(shortageOf(undefined, [homeless("c", "2026-01-01T00:00:50Z")], 1, nowMs)).toBeDefined();
});

test("nothing is short where all are there", () => {
  expect(shortageOf({ ...failing, status: {} }, pods, 2, nowMs)).toBeUndefined();
});
