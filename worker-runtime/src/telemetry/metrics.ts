import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { protocolVersion } from "../contract/index.ts";
import { JobHistogram } from "./job-histogram.ts";
import { runtimeVersion } from "./version.ts";

/** How a run ended, as the label `outcome`. */
export type OutcomeLabel = "done" | "retried" | "postponed" | "failed" | "handed_back" | "lost";

interface Counts {
  inFlight: number;
  /** Whether one has ended since `ranLately` was asked last. */
  endedLately: boolean;
  readonly ended: Map<OutcomeLabel | "deferred", number>;
}

/** A worker's metrics, in a registry of its own. */
export interface WorkerMetrics {
  readonly registry: Registry;
  /** A run began `waitSeconds` after its job was enqueued or due. */
  began(job: string, waitSeconds: number): void;
  /** It ended after `durationSeconds`. */
  ended(job: string, outcome: OutcomeLabel, durationSeconds: number): void;
  /** Its own rate limit sent it away for a while, before it began. */
  deferred(job: string): void;
  /** Jobs that are running, or have ended since this was asked last. */
  ranLately(): string[];
  /** From now on shows the event loop's lag, asked for at each scrape. */
  showLag(lagSeconds: () => number): void;
}

const durationBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** Shown from the start, as 0: of a counter that appears with its first 1, Prometheus sees no increase. */
const expected: readonly OutcomeLabel[] = ["done", "retried", "failed"];

/** @param jobs names of the worker's own jobs. */
export function createMetrics(jobs: readonly string[] = []): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const build = new Gauge({
    name: "jobwright_worker_build_info",
    help: "1; the version of the worker runtime, that of its protocol with the operator, and that of Node.",
    labelNames: ["version", "protocol", "node"],
    registers,
  });
  build.set({ version: runtimeVersion, protocol: protocolVersion, node: process.versions.node }, 1);
  const duration = new JobHistogram({
    name: "jobwright_job_duration_seconds",
    help: "Time from a job's delivery to its outcome being safe.",
    buckets: durationBuckets,
    registers,
  });
  const wait = new JobHistogram({
    name: "jobwright_job_wait_seconds",
    help: "Time from a job being enqueued, or due for a retry, to its start.",
    buckets: durationBuckets,
    registers,
  });
  // Counted in plain numbers and told at each scrape, as in the histograms.
  const counts = new Map<string, Counts>();
  new Counter({
    name: "jobwright_jobs_total",
    help: "Runs by outcome: done, retried, postponed (its handler wants it run again later), failed (dead-lettered), handed_back, lost (the broker delivers it again), deferred (sent away before it began, by its own rate limit).",
    labelNames: ["job", "outcome"],
    registers,
    collect() {
      this.reset();
      for (const [job, { ended }] of counts) {
        for (const [outcome, count] of ended) this.inc({ job, outcome }, count);
      }
    },
  });
  new Gauge({
    name: "jobwright_jobs_in_flight",
    help: "Jobs that are running now.",
    labelNames: ["job"],
    registers,
    collect() {
      for (const [job, { inFlight }] of counts) this.set({ job }, inFlight);
    },
  });

  function countsOf(job: string): Counts {
    let found = counts.get(job);
    if (found === undefined) {
      found = { inFlight: 0, endedLately: false, ended: new Map() };
      counts.set(job, found);
    }
    return found;
  }

  for (const job of jobs) {
    for (const outcome of expected) countsOf(job).ended.set(outcome, 0);
  }

  return {
    registry,
    began(job, waitSeconds) {
      wait.observeJob(job, waitSeconds);
      countsOf(job).inFlight += 1;
    },
    ended(job, outcome, durationSeconds) {
      const found = countsOf(job);
      found.inFlight -= 1;
      found.ended.set(outcome, (found.ended.get(outcome) ?? 0) + 1);
      found.endedLately = true;
      duration.observeJob(job, durationSeconds);
    },
    deferred(job) {
      const { ended } = countsOf(job);
      ended.set("deferred", (ended.get("deferred") ?? 0) + 1);
    },
    ranLately() {
      const lately = [...counts].filter(([, { inFlight, endedLately }]) => inFlight > 0 || endedLately);
      for (const found of counts.values()) found.endedLately = false;
      return lately.map(([job]) => job);
    },
    showLag(lagSeconds) {
      new Gauge({
        name: "jobwright_event_loop_lag_seconds",
        help: "The longest time that the event loop was blocked, of about the last 15 s: all jobs stood still meanwhile.",
        registers,
        collect() {
          this.set(lagSeconds());
        },
      });
    },
  };
}
