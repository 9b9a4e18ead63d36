import { Registry } from "prom-client";
import { expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { reportJobQueues } from "./jobqueue-metrics.ts";

function condition(type: string, status: "True" | "False", reason: string) {
  return { type, status, reason, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" };
}

function resize(reachable: "True" | "False"): JobQueue {
  const conditions = [
    condition("Ready", reachable, reachable === "True" ? "Provisioned" : "BrokerUnreachable"),
    condition("BrokerReachable", reachable, reachable === "True" ? "Reached" : "BrokerUnreachable"),
  ];
  const place = { broker: { host: "rabbit", port: 5672 }, vhost: "/", queue: "media.resize" };
  const status = { ...place, deadLetterQueue: "media.resize.dead", conditions };
  const jobs = { waiting: 7, running: 2, dead: 1 };
  // What the metrics read of one.
  return { metadata: { name: "resize", namespace: "media" }, status: { ...status, jobs } } as unknown as JobQueue;
}

test("tells jobs, conditions and names on the broker; no count from before the broker was lost, nothing of what is gone", async () => {
  const registry = new Registry();
  let queues = [resize("True")];
  reportJobQueues(registry, () => queues);
  const lines = async () => (await registry.metrics()).split("\n").filter((line) => line.startsWith("jobwright"));
  const of = 'namespace="media",queue="resize"';
  const info = `jobwright_jobqueue_info{${of},host="rabbit",port="5672",vhost="/",work_queue="media.resize",dead_letter_queue="media.resize.dead"} 1`;
  expect(await lines()).toEqual([
    `jobwright_jobqueue_jobs{${of},state="waiting"} 7`,
    `jobwright_jobqueue_jobs{${of},state="running"} 2`,
    `jobwright_jobqueue_jobs{${of},state="dead"} 1`,
    `jobwright_jobqueue_condition{${of},type="Ready",reason="Provisioned"} 1`,
    `jobwright_jobqueue_condition{${of},type="BrokerReachable",reason="Reached"} 1`,
    info,
  ]);
  queues = [resize("False")];
  expect(await lines()).toEqual([
    `jobwright_jobqueue_condition{${of},type="Ready",reason="BrokerUnreachable"} 0`,
    `jobwright_jobqueue_condition{${of},type="BrokerReachable",reason="BrokerUnreachable"} 0`,
    info,
  ]);
  queues = [];
  expect(await lines()).toEqual([]);
});
