import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "./dashboard.ts";
import { runsByOutcome } from "./outcomes.ts";
import { stat } from "./panels/figures.ts";
import { timeseries } from "./panels/over-time.ts";
import { table } from "./panels/table.ts";
import { quantile, runs } from "./promql.ts";
import { labelsVariable, labelVariable } from "./variables.ts";

const queue = 'namespace="$namespace", queue="$queue"';
/** The workers of the pools that serve the queue. */
const workers = 'namespace="$namespace", pool=~"$pool"';
const jobs = (state: string) => `max(jobwright_jobqueue_jobs{${queue}, state="${state}"})`;
const wait = "jobwright_job_wait_seconds";
const duration = "jobwright_job_duration_seconds";
const started = `rate(jobwright_lane_started_total{${workers}}[$__rate_interval])`;
const ended = (outcome: string) => runs(`${workers}, outcome="${outcome}"`, "job");

/** One JobQueue: what comes in, what becomes of it, and how long it waits. */
export function queueDashboard(): DashboardBuilder {
  return dashboard(
    "jobwright-queue",
    "Jobwright / Queue",
    "What comes into a queue, how long it waits, and what becomes of it.",
  )
    .withVariable(labelVariable("namespace", "namespace", "jobwright_jobqueue_info"))
    .withVariable(labelVariable("queue", "queue", 'jobwright_jobqueue_info{namespace="$namespace"}'))
    .withVariable(labelsVariable("pool", "pool", `jobwright_pool_info{${queue}}`, { hidden: true }))
    .withRow(new RowBuilder("$queue"))
    .withPanel(
      stat({
        title: "Waiting",
        description: "Jobs ready to be delivered, of all lanes.",
        width: 4,
        query: jobs("waiting"),
      }),
    )
    .withPanel(stat({ title: "Running", description: "Delivered, and yet to end.", width: 4, query: jobs("running") }))
    .withPanel(
      stat({
        title: "Wait (p95)",
        description: "19 of 20 jobs started within this time, as the workers saw it.",
        width: 4,
        unit: "s",
        // Of no jobs there is no quantile: not a number, and no figure to show.
        query: `${quantile(0.95, wait, workers)} >= 0`,
      }),
    )
    .withPanel(
      stat({
        title: "Done per second",
        description: "Successful runs.",
        width: 4,
        unit: "ops",
        query: `sum(${ended("done")})`,
      }),
    )
    .withPanel(
      stat({
        title: "Of all runs, not done",
        description: "The share of runs that failed, to be tried again or for good.",
        width: 4,
        unit: "percentunit",
        query: `sum(${runs(`${workers}, outcome=~"retried|failed|lost"`, "job")}) / (sum(${runs(workers, "job")}) > 0)`,
        steps: [
          [0.05, "yellow"],
          [0.25, "red"],
        ],
      }),
    )
    .withPanel(
      stat({
        title: "Dead letters",
        description: "Jobs in the dead-letter queue: they wait for a person.",
        width: 4,
        query: jobs("dead"),
        steps: [[1, "yellow"]],
      }),
    )
    .withPanel(
      timeseries({
        title: "Coming in and going out",
        description:
          "Jobs a second. Arrivals are those of the autoscaler, which counts a burst as backlog and not as a rate. More in than out: the backlog grows.",
        width: 12,
        unit: "ops",
        lines: {
          arriving: `sum(max by (pool) (jobwright_pool_arrivals_per_second{${workers}}))`,
          ended: `sum(${runs(`${workers}, outcome=~"done|failed"`, "job")})`,
        },
      }),
    )
    .withPanel(
      timeseries({
        title: "Waiting and running",
        description: "Jobs in the queue, counted on the broker every 15 s.",
        width: 12,
        lines: { waiting: jobs("waiting"), running: jobs("running") },
      }),
    )
    .withPanel(
      timeseries({
        title: "Wait until start",
        description:
          "From enqueued, or due for a retry, to the start. The dashed line is the strictest targetWait of the queue's pools.",
        width: 12,
        unit: "s",
        lines: {
          p50: quantile(0.5, wait, workers),
          p95: quantile(0.95, wait, workers),
          p99: quantile(0.99, wait, workers),
          target: `min(jobwright_pool_target_wait_seconds{${workers}})`,
        },
        dashed: ["target"],
        colors: { target: "red" },
      }),
    )
    .withPanel(
      timeseries({
        title: "A run takes (p95), by job",
        description: "From delivery to the outcome being safe.",
        width: 12,
        unit: "s",
        lines: { "{{job}}": quantile(0.95, duration, workers, ["job"]) },
      }),
    )
    .withPanel(runsByOutcome(workers))
    .withPanel(
      timeseries({
        title: "Dead letters, over time",
        description: "Jobs in the dead-letter queue. It falls when somebody takes them out, or puts them back.",
        width: 12,
        lines: { "dead letters": jobs("dead") },
        colors: { "dead letters": "red" },
        whole: true,
      }),
    )
    .withPanel(
      table({
        title: "Jobs",
        height: 7,
        description: "By name: runs of the last stretch per second, and how long they waited and took.",
        width: 24,
        rows: { Job: "job" },
        columns: {
          "Done/s": { query: ended("done"), unit: "ops" },
          "Retried/s": { query: ended("retried"), unit: "ops", steps: [[0.01, "yellow"]] },
          "Failed/s": { query: ended("failed"), unit: "ops", steps: [[0.001, "red"]] },
          Running: { query: `sum by (job) (jobwright_jobs_in_flight{${workers}})` },
          "Wait p95": { query: quantile(0.95, wait, workers, ["job"]), unit: "s" },
          "Takes p50": { query: quantile(0.5, duration, workers, ["job"]), unit: "s" },
          "Takes p95": { query: quantile(0.95, duration, workers, ["job"]), unit: "s" },
        },
        sortBy: "Done/s",
      }),
    )
    .withRow(new RowBuilder("Lanes and limits"))
    .withPanel(
      timeseries({
        title: "Started per second, by lane",
        description: "(none) is the work queue of a JobQueue without lanes.",
        width: 6,
        unit: "ops",
        lines: { "{{lane}}": `sum by (lane) (${started})` },
        stacked: true,
      }),
    )
    .withPanel(
      timeseries({
        title: "Held in workers, by lane",
        description: "Delivered, and waiting in the worker for a slot.",
        width: 6,
        lines: { "{{lane}}": `sum by (lane) (jobwright_jobs_held{${workers}})` },
        stacked: true,
      }),
    )
    .withPanel(
      timeseries({
        title: "Started, against the rate limit",
        description: "Jobs a second. The dashed line is what the workers' shares of the queue's rateLimit come to.",
        width: 6,
        unit: "ops",
        lines: { started: `sum(${started})`, limit: `sum(jobwright_rate_limit_jobs_per_second{${workers}})` },
        dashed: ["limit"],
        colors: { limit: "red" },
      }),
    )
    .withPanel(
      timeseries({
        title: "Workers that start no jobs",
        description: "Paused with their queue, or with an open circuit breaker after many failures.",
        width: 6,
        lines: {
          paused: `sum(jobwright_paused{${workers}})`,
          "breaker open": `sum(jobwright_circuit_breaker_open{${workers}})`,
        },
        whole: true,
      }),
    );
}
