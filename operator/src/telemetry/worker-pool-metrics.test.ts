import { Registry } from "prom-client";
import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import type { Pod } from "../workerpool/pods.ts";
import { reportWorkerPools } from "./worker-pool-metrics.ts";

function pod(name: string, reason: string | undefined, leaving = false): Pod {
  const state = reason === undefined ? { running: {} } : { waiting: { reason } };
  return {
    metadata: { name, namespace: "media", ...(leaving && { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
    status: { containerStatuses: [{ name: "worker", state }] },
  };
}

test("tells conditions, the queue, and which pods cannot work and why; nothing of a pool that is gone", async () => {
  const registry = new Registry();
  const conditions = [
    { type: "Ready", status: "False", reason: "CrashLoopBackOff", message: "", lastTransitionTime: "" },
  ];
  const pool = {
    metadata: { name: "resize", namespace: "media" },
    spec: { queueRef: { name: "images" }, scaling: { mode: "Auto" } },
    status: { conditions },
    // What the metrics read of one.
  } as unknown as WorkerPool;
  const pods = [
    pod("a", "CrashLoopBackOff"),
    pod("b", "CrashLoopBackOff"),
    pod("c", "ContainerCreating"),
    pod("d", undefined),
    pod("e", "ImagePullBackOff"),
    pod("f", "ImagePullBackOff", true),
  ];
  let pools = [pool];
  reportWorkerPools(
    registry,
    () => pools,
    () => pods,
  );
  const lines = async () => (await registry.metrics()).split("\n").filter((line) => line.startsWith("jobwright"));
  const of = 'namespace="media",pool="resize"';
  expect(await lines()).toEqual([
    `jobwright_pool_condition{${of},type="Ready",reason="CrashLoopBackOff"} 0`,
    `jobwright_pool_info{${of},queue="images",mode="Auto"} 1`,
    `jobwright_pool_troubled_pods{${of},reason="CrashLoopBackOff"} 2`,
    `jobwright_pool_troubled_pods{${of},reason="ImagePullBackOff"} 1`,
  ]);
  pools = [];
  expect(await lines()).toEqual([]);
});
