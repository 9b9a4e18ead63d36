import { Counter, Gauge, type Registry } from "prom-client";
import { returnsLane } from "../contract/index.ts";
import type { IntakeView } from "./intake.ts";

/** Metrics of when jobs start. Read when somebody asks for them, so that they cost nothing in between. */
export function registerFlowMetrics(registry: Registry, view: IntakeView, paused: () => boolean): void {
  const registers = [registry];
  const label = (name: string | undefined) => ({ lane: name === returnsLane ? "(returns)" : (name ?? "(none)") });
  new Gauge({
    name: "jobwright_jobs_held",
    help: "Deliveries that wait in the worker for a slot, by lane; (none) is the work queue, (returns) what came back to a bounded one.",
    labelNames: ["lane"],
    registers,
    collect() {
      for (const { name, held } of view.lanes) this.set(label(name), held);
    },
  });
  new Counter({
    name: "jobwright_lane_started_total",
    help: "Jobs given a slot, by lane; (none) is the work queue, (returns) what came back to a bounded one. Those that their own rate limit then deferred are among them.",
    labelNames: ["lane"],
    registers,
    collect() {
      this.reset();
      for (const { name, started } of view.lanes) this.inc(label(name), started);
    },
  });
  new Counter({
    name: "jobwright_jobs_handed_back_total",
    help: "Deliveries handed back before their job began: the worker was cordoned, or something long took up its slots.",
    registers,
    collect() {
      this.reset();
      this.inc(view.handedBack);
    },
  });
  new Gauge({
    name: "jobwright_prefetch_extra",
    help: "Deliveries that the worker takes beside those that run: more for short jobs, none for long ones.",
    registers,
    collect() {
      this.set(view.extra);
    },
  });
  new Gauge({
    name: "jobwright_circuit_breaker_open",
    help: "1 while too many attempts failed in a row for jobs to be started, but for one at a time to see.",
    registers,
    collect() {
      this.set(view.breaker === "Closed" ? 0 : 1);
    },
  });
  new Gauge({
    name: "jobwright_paused",
    help: "1 while the worker takes no jobs because its queue is paused.",
    registers,
    collect() {
      this.set(paused() ? 1 : 0);
    },
  });
  new Gauge({
    name: "jobwright_rate_limit_jobs_per_second",
    help: "This worker's share of the queue's rate limit; absent without one.",
    // A label that is never set, so that the metric can be absent.
    labelNames: ["unlimited"],
    registers,
    collect() {
      this.reset();
      if (view.rate !== null) this.set({}, view.rate);
    },
  });
}
