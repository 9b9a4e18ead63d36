import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** How a run ended, as the label `outcome`. */
export type OutcomeLabel = "done" | "retried" | "failed" | "handed_back" | "lost";

/** A worker's metrics, in a registry of its own. */
export interface WorkerMetrics {
  readonly registry: Registry;
  /** A run began `waitSeconds` after its job was enqueued or due. */
  began(job: string, waitSeconds: number): void;
  /** It ended after `durationSeconds`. */
  ended(job: string, outcome: OutcomeLabel, durationSeconds: number): void;
  /** Jobs that are running, or have ended since this was asked last. */
  ranLately(): Promise<string[]>;
  /** From now on shows the event loop's lag, asked for at each scrape. */
  showLag(lagSeconds: () => number): void;
}

const durationBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

export function createMetrics(): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const duration = new Histogram({
    name: "jobwright_job_duration_seconds",
    help: "Time from a job's delivery to its outcome being safe.",
    labelNames: ["job"],
    buckets: durationBuckets,
    registers,
  });
  const wait = new Histogram({
    name: "jobwright_job_wait_seconds",
    help: "Time from a job being enqueued, or due for a retry, to its start.",
    labelNames: ["job"],
    buckets: durationBuckets,
    registers,
  });
  const total = new Counter({
    name: "jobwright_jobs_total",
    help: "Runs by outcome: done, retried, failed (dead-lettered), handed_back, lost (the broker delivers it again).",
    labelNames: ["job", "outcome"],
    registers,
  });
  const inFlight = new Gauge({
    name: "jobwright_jobs_in_flight",
    help: "Jobs that are running now.",
    labelNames: ["job"],
    registers,
  });

  let runsBefore = new Map<string, number>();
  return {
    registry,
    began(job, waitSeconds) {
      wait.observe({ job }, waitSeconds);
      inFlight.inc({ job });
    },
    ended(job, outcome, durationSeconds) {
      inFlight.dec({ job });
      duration.observe({ job }, durationSeconds);
      total.inc({ job, outcome });
    },
    async ranLately() {
      const runs = new Map<string, number>();
      for (const { labels, value } of (await total.get()).values) {
        runs.set(`${labels.job}`, (runs.get(`${labels.job}`) ?? 0) + value);
      }
      const ended = [...runs].filter(([job, count]) => count > (runsBefore.get(job) ?? 0)).map(([job]) => job);
      runsBefore = runs;
      const running = (await inFlight.get()).values.filter(({ value }) => value > 0);
      return [...new Set([...running.map(({ labels }) => `${labels.job}`), ...ended])];
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
