import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { MappingType, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { stat } from "./panels/figures.ts";
import { states, timeseries } from "./panels/over-time.ts";

/** Series of the operator's own process, not of a worker's. */
const ofOperator = "and on (namespace, pod) leader_election_master_status";

/** Without the pod: another replica may have told of it a moment ago. */
const delayed = (state: string) =>
  `sum(max by (host, port, vhost, level) (jobwright_broker_delayed_jobs{state="${state}"}))`;

/** Whether the operator and the brokers are well. */
export function operatorPanels(): Builder<Panel>[] {
  return [
    stat({
      title: "Leaders",
      description: "Operator replicas that lead. Exactly one is well; none for a few seconds while another takes over.",
      width: 4,
      height: 6,
      query: "sum(leader_election_master_status)",
      steps: [
        [0, "red"],
        [1, "green"],
        [2, "red"],
      ],
    }),
    states({
      title: "Brokers",
      description: "Whether RabbitMQ answered the operator's latest call, by AMQP and by the management API.",
      width: 12,
      lines: { "{{host}}:{{port}} {{vhost}} ({{api}})": "max by (host, port, vhost, api) (jobwright_broker_up)" },
      mappings: [
        {
          type: MappingType.ValueToText,
          options: {
            "1": { text: "reached", color: "green", index: 0 },
            "0": { text: "not reached", color: "red", index: 1 },
          },
        },
      ],
    }),
    timeseries({
      title: "Retries and delayed jobs",
      description:
        "On all brokers. Waiting: not due yet. Overdue: due, and not moved on by RabbitMQ; where their number does not fall for minutes, they are stuck there. Parked: due, and their queue is gone.",
      width: 8,
      height: 6,
      lines: {
        waiting: delayed("waiting"),
        overdue: delayed("overdue"),
        parked: "sum(max by (host, port, vhost) (jobwright_broker_parked_jobs))",
      },
      colors: { overdue: "red" },
      whole: true,
    }),
    timeseries({
      title: "Reconciles per second",
      description: "Passes over objects, by controller; and those that failed and are tried again.",
      width: 8,
      unit: "ops",
      lines: {
        "{{controller}}": "sum by (controller) (rate(controller_runtime_reconcile_total[$__rate_interval]))",
        "{{controller}} failed":
          "sum by (controller) (rate(controller_runtime_reconcile_errors_total[$__rate_interval]))",
      },
    }),
    timeseries({
      title: "A reconcile takes (p95)",
      description: "Most of it is waiting for the broker and the API server.",
      width: 8,
      unit: "s",
      lines: {
        "{{controller}}":
          "histogram_quantile(0.95, sum by (le, controller) (rate(controller_runtime_reconcile_time_seconds_bucket[$__rate_interval])))",
      },
    }),
    timeseries({
      title: "Objects waiting for a reconcile",
      description: "Above zero for minutes: the operator does not keep up.",
      width: 8,
      lines: { "{{name}}": "sum by (name) (workqueue_depth)" },
      whole: true,
    }),
    timeseries({
      title: "Operator: event loop lag",
      description: "The longest in the last stretch. Above a second, decisions come late.",
      width: 8,
      unit: "s",
      lines: { "{{pod}}": `nodejs_eventloop_lag_p99_seconds ${ofOperator}` },
    }),
    timeseries({
      title: "Operator: memory",
      description: "Resident memory of each replica.",
      width: 8,
      unit: "bytes",
      lines: { "{{pod}}": `process_resident_memory_bytes ${ofOperator}` },
    }),
    timeseries({
      title: "Operator: calls per second",
      description: "To the API server, by the code of the answer, and to brokers. A steady state makes few.",
      width: 8,
      unit: "ops",
      lines: {
        "API server {{code}}": "sum by (code) (rate(rest_client_requests_total[$__rate_interval]))",
        "broker {{call}}": "sum by (call) (rate(jobwright_broker_calls_total[$__rate_interval]))",
      },
    }),
  ];
}
