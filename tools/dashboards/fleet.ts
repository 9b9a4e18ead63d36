import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { badFromOne, dashboard } from "./dashboard.ts";
import { operatorPanels } from "./operator.ts";
import { runsByOutcome } from "./outcomes.ts";
import { stat } from "./panels/figures.ts";
import { timeseries } from "./panels/over-time.ts";
import { table } from "./panels/table.ts";
import { labelsVariable } from "./variables.ts";

const here = 'namespace=~"$namespace"';
const pool = (name: string, also = "") => `max by (namespace, pool) (jobwright_pool_${name}{${here}${also}})`;
const jobs = (state: string) => `max by (namespace, queue) (jobwright_jobqueue_jobs{${here}, state="${state}"})`;
const late = `${pool("lag_seconds")} / ${pool("target_wait_seconds")}`;
const orNone = (expression: string) => `${expression} or vector(0)`;

const lateSteps = [
  [0.8, "yellow"],
  [1, "red"],
] as const;

const poolLink = {
  title: "Open this pool",
  url: "/d/jobwright-pool?${__url_time_range}&var-datasource=${datasource}&var-namespace=${__data.fields.Namespace}&var-pool=${__data.fields.Pool}",
};
const queueLink = {
  title: "Open this queue",
  url: "/d/jobwright-queue?${__url_time_range}&var-datasource=${datasource}&var-namespace=${__data.fields.Namespace}&var-queue=${__data.fields.Queue}",
};

/** All queues and pools at a glance, and whether the operator and the brokers are well. */
export function fleetDashboard(): DashboardBuilder {
  const dashboardSoFar = dashboard(
    "jobwright-fleet",
    "Jobwright / Fleet",
    "Are jobs waiting longer than they may, where, and is it the workers, the broker or the operator?",
  )
    .withVariable(labelsVariable("namespace", "namespace", "jobwright_jobqueue_info"))
    .withRow(new RowBuilder("Are jobs waiting too long?"))
    .withPanel(
      stat({
        title: "Pools above target",
        description: "Pools whose jobs wait longer than their targetWait now. Which ones: the table below, on top.",
        width: 4,
        query: orNone(`count(${pool("lag_seconds")} > ${pool("target_wait_seconds")})`),
        steps: badFromOne,
      }),
    )
    .withPanel(
      stat({
        title: "Jobs waiting",
        description: "Ready to be delivered, in all queues.",
        width: 4,
        query: orNone(`sum(${jobs("waiting")})`),
      }),
    )
    .withPanel(
      stat({
        title: "Jobs done per second",
        description: "Successful runs, all pools together.",
        width: 4,
        unit: "ops",
        query: orNone(`sum(rate(jobwright_jobs_total{${here}, outcome="done"}[$__rate_interval]))`),
      }),
    )
    .withPanel(
      stat({
        title: "Dead letters",
        description:
          "Jobs in dead-letter queues now: they failed for good, or for the last time, and wait for a person.",
        width: 4,
        query: orNone(`sum(${jobs("dead")})`),
        steps: [[1, "yellow"]],
      }),
    )
    .withPanel(
      stat({
        title: "Pools at their maximum",
        description:
          "Pools that would have more workers if maxReplicas let them. That is no fault until jobs wait too long.",
        width: 4,
        query: orNone(`count(${pool("decision", ', reason="MaxReplicas"')} == 1)`),
        steps: [[1, "yellow"]],
      }),
    )
    .withPanel(
      stat({
        title: "Brokers not reached",
        description: "RabbitMQ servers that did not answer the operator's latest call, or refused it.",
        width: 4,
        query: orNone("count(min by (host, port, vhost) (jobwright_broker_up) == 0)"),
        steps: badFromOne,
      }),
    )
    .withPanel(
      table({
        title: "Pools",
        height: 8,
        description: "The pool furthest above its target comes first. A click on its name leads to it.",
        width: 24,
        rows: { Namespace: "namespace", Pool: "pool" },
        columns: {
          "Wait ÷ target": { query: late, unit: "percentunit", steps: lateSteps },
          "Wait now": { query: pool("lag_seconds"), unit: "s" },
          Target: { query: pool("target_wait_seconds"), unit: "s" },
          Waiting: { query: pool("backlog") },
          Running: { query: pool("in_flight") },
          Ready: { query: pool("ready_replicas") },
          Wanted: { query: pool("wanted_replicas") },
          Most: { query: pool("max_replicas") },
          Stuck: { query: pool("stuck_workers"), steps: badFromOne },
          "Pods in trouble": {
            query: `sum by (namespace, pool) (jobwright_pool_troubled_pods{${here}}) or 0 * ${pool("max_replicas")}`,
            steps: badFromOne,
          },
        },
        sortBy: "Wait ÷ target",
        links: { Pool: poolLink },
      }),
    )
    .withPanel(
      table({
        title: "Queues",
        height: 7,
        description: "A click on a queue's name leads to it.",
        width: 12,
        rows: { Namespace: "namespace", Queue: "queue" },
        columns: {
          Waiting: { query: jobs("waiting") },
          Running: { query: jobs("running") },
          Dead: { query: jobs("dead"), steps: [[1, "yellow"]] },
        },
        sortBy: "Waiting",
        links: { Queue: queueLink },
      }),
    )
    .withPanel(
      table({
        title: "Not Ready",
        height: 7,
        description: "Queues and pools whose condition Ready is not True, with its reason. kubectl describe says more.",
        width: 12,
        rows: { Namespace: "namespace", Queue: "queue", Pool: "pool", Reason: "reason" },
        columns: {
          Ready: {
            query: `max by (namespace, queue, pool, reason) ({__name__=~"jobwright_(jobqueue|pool)_condition", ${here}, type="Ready"} == 0)`,
            words: { "0": "no" },
          },
        },
        noValue: "All are Ready",
      }),
    )
    .withPanel(
      timeseries({
        title: "Wait ÷ target, by pool",
        description: "How long jobs wait, as a share of what they may. Above 100 % a pool breaks its promise.",
        width: 12,
        unit: "percentunit",
        lines: { "{{namespace}}/{{pool}}": late },
        steps: [[1, "red"]],
      }),
    )
    .withPanel(
      timeseries({
        title: "Jobs waiting, by queue",
        description: "Ready to be delivered.",
        width: 12,
        lines: { "{{namespace}}/{{queue}}": jobs("waiting") },
        stacked: true,
      }),
    )
    .withPanel(runsByOutcome(here))
    .withPanel(
      timeseries({
        title: "Workers",
        description:
          "Of all pools. Ready below asked for, for longer than a pod takes to start: the cluster is full, or pods fail.",
        width: 12,
        lines: {
          ready: `sum(${pool("ready_replicas")})`,
          "asked for": `sum(${pool("desired_replicas")})`,
          "at most": `sum(${pool("max_replicas")})`,
        },
        dashed: ["at most"],
        whole: true,
      }),
    )
    .withRow(new RowBuilder("Is it the broker, or the operator?"));
  return operatorPanels().reduce((all, panel) => all.withPanel(panel), dashboardSoFar);
}
