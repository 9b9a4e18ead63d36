import { pino } from "pino";
import { Registry } from "prom-client";
import type { KubeClient } from "../../operator/src/kube/index.ts";
import { createOperator } from "../../operator/src/operator.ts";
import { apiCallMetrics } from "../../operator/src/telemetry/call-metrics.ts";
import { processMetrics } from "../../operator/src/telemetry/process-metrics.ts";
import { registerFlowMetrics } from "../../worker-runtime/src/consume/flow-metrics.ts";
import { createMetrics } from "../../worker-runtime/src/telemetry/metrics.ts";
import { type Described, describedBy } from "./described.ts";
import type { Section } from "./page.ts";

/** Nothing is asked of it before an operator is started. */
const noClient = {} as KubeClient;

/** What an operator registers that is put together as in its process, and never started. */
async function operatorMetrics(): Promise<Described[]> {
  const registry = new Registry();
  processMetrics(registry, "");
  apiCallMetrics(registry);
  createOperator({
    ...{ client: noClient, registry, sources: { allowedVhosts: [] }, resyncMs: 60_000, identity: "" },
    log: pino({ level: "silent" }),
  });
  return describedBy(registry);
}

/** What a worker registers. */
async function workerMetrics(): Promise<Described[]> {
  const metrics = createMetrics();
  metrics.showLag(() => 0);
  const view = { held: 0, rate: null, breaker: "Closed", handedBack: 0, extra: 0, lanes: [] } as const;
  registerFlowMetrics(metrics.registry, view, () => false);
  return describedBy(metrics.registry);
}

const isNodes = ({ name }: Described) => /^(process|nodejs)_/.test(name);

/** All of the page, by what a reader looks for. */
export async function sections(): Promise<Section[]> {
  const [operators, workers] = await Promise.all([operatorMetrics(), workerMetrics()]);
  const startsWith = (prefix: string) => operators.filter(({ name }) => name.startsWith(prefix));
  const [pools, queues, brokers] = [
    startsWith("jobwright_pool_"),
    startsWith("jobwright_jobqueue_"),
    operators.filter(({ name }) => /^jobwright_broker_(?!calls)/.test(name)),
  ];
  const told = new Set([...pools, ...queues, ...brokers]);
  return [
    {
      heading: "JobQueues",
      intro:
        "From the operator that leads (port 8080), for each JobQueue. One that is deleted leaves none behind. A queue without a WorkerPool is among them.",
      metrics: queues,
    },
    {
      heading: "WorkerPools",
      intro:
        "From the operator that leads, for each WorkerPool: [every signal of its scaling, what the formula makes of it](autoscaling.md#how-it-decides) and what came of it. One that is deleted leaves none behind.",
      metrics: pools,
    },
    {
      heading: "Brokers",
      intro: "From the operator that leads, for each RabbitMQ (and vhost) that some JobQueue uses.",
      metrics: brokers,
    },
    {
      heading: "The operator itself",
      intro: "From each of its replicas, under the names of controller-runtime and client-go where they have one.",
      metrics: operators.filter((metric) => !told.has(metric) && !isNodes(metric)),
    },
    {
      heading: "Workers",
      intro:
        "From each worker pod (port 9464). Which pool it is of, a label says that [the scrape adds](monitoring.md#scrape-them).",
      metrics: workers.filter((metric) => !isNodes(metric)),
    },
    {
      heading: "Node's own",
      intro: "From operator and workers alike.",
      metrics: operators.filter(isNodes),
    },
  ];
}
