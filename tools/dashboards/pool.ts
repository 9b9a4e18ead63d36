import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { AnnotationQueryBuilder, RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { badFromOne, dashboard } from "./dashboard.ts";
import { runsByOutcome } from "./outcomes.ts";
import { bars, stat } from "./panels/figures.ts";
import { states, timeseries } from "./panels/over-time.ts";
import { quantile } from "./promql.ts";
import { datasource, labelVariable } from "./variables.ts";

const here = 'namespace="$namespace", pool="$pool"';
const pool = (name: string) => `max(jobwright_pool_${name}{${here}})`;
const by = (label: string, name: string) => `max by (${label}) (jobwright_pool_${name}{${here}})`;
const wait = "jobwright_job_wait_seconds";
const duration = "jobwright_job_duration_seconds";

/** When the number of workers was changed, as lines across all panels. */
const scaled = new AnnotationQueryBuilder()
  .name("Scaled")
  .datasource(datasource)
  .enable(true)
  .iconColor("blue")
  .expr(`sum by (direction) (changes(jobwright_pool_scale_events_total{${here}}[1m])) > 0`)
  .step("1m")
  .titleFormat("Scaled {{direction}}");

/** One WorkerPool: whether it keeps its promise, with which workers, and why as many. */
export function poolDashboard(): DashboardBuilder {
  return dashboard(
    "jobwright-pool",
    "Jobwright / Pool",
    "Whether a pool keeps its targetWait, with how many workers, and why as many.",
  )
    .withVariable(labelVariable("namespace", "namespace", "jobwright_pool_info"))
    .withVariable(labelVariable("pool", "pool", 'jobwright_pool_info{namespace="$namespace"}'))
    .annotation(scaled)
    .withRow(new RowBuilder("$pool"))
    .withPanel(
      stat({
        title: "Wait ÷ target",
        description: "How long jobs wait now, as a share of targetWait. Above 100 % the pool breaks its promise.",
        width: 4,
        unit: "percentunit",
        query: `${pool("lag_seconds")} / ${pool("target_wait_seconds")}`,
        steps: [
          [0.8, "yellow"],
          [1, "red"],
        ],
      }),
    )
    .withPanel(stat({ title: "Waiting", description: "Jobs ready to be delivered.", width: 4, query: pool("backlog") }))
    .withPanel(
      stat({ title: "Workers ready", description: "Pods that are ready.", width: 4, query: pool("ready_replicas") }),
    )
    .withPanel(
      stat({
        title: "Busy",
        description: "Running jobs as a share of the ready workers' slots. At 100 % whatever comes must wait.",
        width: 4,
        unit: "percentunit",
        query: `${pool("in_flight")} / (${pool("ready_replicas")} * ${pool("concurrency")} > 0)`,
      }),
    )
    .withPanel(
      stat({
        title: "What decided",
        description: "The reason of the decision that stands: status.decision.reason, whose message says more.",
        width: 4,
        query: by("reason", "decision"),
        text: "{{reason}}",
      }),
    )
    .withPanel(
      stat({
        title: "Stuck workers",
        description:
          "Workers with a run that does not end: older than 5 min, and than three times the longest that did.",
        width: 4,
        query: pool("stuck_workers"),
        steps: badFromOne,
      }),
    )
    .withPanel(
      timeseries({
        title: "Wait until start, against the target",
        description:
          "p50 and p95 are what workers saw of jobs that started; now is how long the last one had waited, or how long jobs wait by now if none starts.",
        width: 12,
        unit: "s",
        lines: {
          p50: quantile(0.5, wait, here),
          p95: quantile(0.95, wait, here),
          now: pool("lag_seconds"),
          target: pool("target_wait_seconds"),
        },
        dashed: ["target"],
        colors: { target: "red" },
      }),
    )
    .withPanel(
      timeseries({
        title: "Waiting and running",
        description: "Jobs, as of the autoscaler's latest step.",
        width: 12,
        lines: { waiting: pool("backlog"), running: pool("in_flight") },
      }),
    )
    .withPanel(
      timeseries({
        title: "Workers",
        description:
          "Wanted is the decision; asked for is more while workers that are to go still work; ready below asked for is a pod that starts, or cannot.",
        width: 12,
        lines: {
          ready: pool("ready_replicas"),
          "asked for": pool("desired_replicas"),
          wanted: pool("wanted_replicas"),
          least: pool("min_replicas"),
          most: pool("max_replicas"),
        },
        dashed: ["least", "most"],
        whole: true,
      }),
    )
    .withPanel(
      timeseries({
        title: "Workers, by what they do",
        description:
          "cordoned: finishing, taking no more jobs. overdue: should have begun by now. silent: do not report, and are counted by what they did as well.",
        width: 12,
        lines: { "{{state}}": by("state", "workers") },
        colors: { working: "green", starting: "blue", cordoned: "yellow", overdue: "orange", silent: "red" },
        whole: true,
      }),
    )
    .withRow(new RowBuilder("Why as many?"))
    .withPanel(
      timeseries({
        title: "Slots that each term asks for",
        description:
          "The greatest of the terms, bounded by jobs and rate_limit, is what is needed; divided by the concurrency that is the workers.",
        width: 12,
        lines: { "{{term}}": by("term", "slots"), needed: pool("slots_needed") },
        dashed: ["jobs", "rate_limit"],
      }),
    )
    .withPanel(
      timeseries({
        title: "What the formula goes by",
        description:
          "Mean time that a job takes, time that a pod takes to start, and the time that is left of the target then.",
        width: 12,
        unit: "s",
        lines: {
          "a job takes": pool("service_time_seconds"),
          "a pod takes to start": pool("cold_start_seconds"),
          "time left": pool("horizon_seconds"),
        },
      }),
    )
    .withPanel(
      states({
        title: "What decided, held and limited",
        description:
          "The reason of the decision; what kept more workers than recommended; what kept the pool from growing.",
        width: 24,
        height: 7,
        lines: {
          "{{reason}}": `${by("reason", "decision")} == 1`,
          "held by {{by}}": `${by("by", "held")} == 1`,
          "limited: {{reason}}": `${by("reason", "growth_limit")} >= bool 0`,
          paused: `${pool("paused")} == 1`,
          "target unreachable": `${pool("target_unreachable")} == 1`,
        },
      }),
    )
    .withRow(new RowBuilder("What becomes of the jobs?"))
    .withPanel(runsByOutcome(here))
    .withPanel(
      timeseries({
        title: "A run takes",
        description: "From delivery to the outcome being safe.",
        width: 12,
        unit: "s",
        lines: {
          p50: quantile(0.5, duration, here),
          p95: quantile(0.95, duration, here),
          p99: quantile(0.99, duration, here),
        },
      }),
    )
    .withRow(new RowBuilder("How are its workers?"))
    .withPanel(
      timeseries({
        title: "Pods in trouble",
        description: "Pods that cannot work, by the kubelet's or the scheduler's reason.",
        width: 8,
        lines: { "{{reason}}": `sum by (reason) (jobwright_pool_troubled_pods{${here}})`, pods: pool("replicas") },
        whole: true,
      }),
    )
    .withPanel(
      timeseries({
        title: "Event loop lag, by worker",
        description:
          "The longest block of about the last 15 s: all of the worker's jobs stood still meanwhile. A job that computes needs isolate: true.",
        width: 8,
        unit: "s",
        lines: { "{{pod}}": `max by (pod) (jobwright_event_loop_lag_seconds{${here}})` },
      }),
    )
    .withPanel(
      timeseries({
        title: "Memory, by worker",
        description: "Resident.",
        width: 8,
        unit: "bytes",
        lines: { "{{pod}}": `max by (pod) (process_resident_memory_bytes{${here}})` },
      }),
    )
    .withPanel(
      bars({
        title: "Running, by worker",
        description: "One that runs what others do not, and for long, may be stuck.",
        width: 12,
        legend: "{{pod}}",
        query: `sum by (pod) (jobwright_jobs_in_flight{${here}})`,
      }),
    )
    .withPanel(
      timeseries({
        title: "Cores, by worker",
        description: "CPU time a second.",
        width: 12,
        lines: { "{{pod}}": `sum by (pod) (rate(process_cpu_seconds_total{${here}}[$__rate_interval]))` },
      }),
    );
}
