import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ControllerMetrics } from "../kube/index.ts";

/**
 * What the controllers report, under controller-runtime's names and labels, so that dashboards and alerts made for Go
 * operators work here.
 */
export function controllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  const reconciles = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciles, by controller and result.",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciles that failed and are tried again, by controller.",
    labelNames: ["controller"],
    registers,
  });
  const durations = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Time a reconcile took, by controller.",
    labelNames: ["controller"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const workers = new Gauge({
    name: "controller_runtime_max_concurrent_reconciles",
    help: "Reconciles that may run at the same time, by controller.",
    labelNames: ["controller"],
    registers,
  });
  const active = new Gauge({
    name: "controller_runtime_active_workers",
    help: "Reconciles running, by controller.",
    labelNames: ["controller"],
    registers,
  });
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Objects that wait for a reconcile, by queue.",
    labelNames: ["name"],
    registers,
  });
  const adds = new Counter({
    name: "workqueue_adds_total",
    help: "Objects that were put into the queue, by queue.",
    labelNames: ["name"],
    registers,
  });
  const waits = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "Time an object waited for its reconcile, by queue.",
    labelNames: ["name"],
    buckets: [0.001, 0.01, 0.1, 1, 10, 100],
    registers,
  });
  const retries = new Counter({
    name: "workqueue_retries_total",
    help: "Reconciles put back after a failure, by queue.",
    labelNames: ["name"],
    registers,
  });
  return {
    onStart: ({ controller, concurrency }) => workers.set({ controller }, concurrency),
    onActiveWorkers: ({ controller, count }) => active.set({ controller }, count),
    onReconcile({ controller, result, durationSeconds }) {
      reconciles.inc({ controller, result });
      durations.observe({ controller }, durationSeconds);
      if (result === "error") errors.inc({ controller });
    },
    onQueueDepth: ({ controller, depth: waiting }) => depth.set({ name: controller }, waiting),
    onQueueAdd: ({ controller }) => adds.inc({ name: controller }),
    onQueueWait: ({ controller, seconds }) => waits.observe({ name: controller }, seconds),
    onQueueRetry: ({ controller }) => retries.inc({ name: controller }),
  };
}
