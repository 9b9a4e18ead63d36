import { Registry } from "prom-client";
import type { KubeClient } from "../../../operator/src/kube/index.ts";
import { createOperator } from "../../../operator/src/operator.ts";
import { createLog } from "../../../operator/src/telemetry/log.ts";
import type { SceneOptions } from "./scene.ts";

/** An operator in this process, which works. */
export interface OperatorUnderTest {
  stop(): Promise<void>;
  /** How many passes this controller has made. */
  passes(controller: "jobqueue" | "workerpool"): Promise<number>;
  /** What a scrape of /metrics would be told. */
  metrics(): Promise<string>;
}

/** Starts an operator that works in this namespace only. Its log goes to `lines`. */
export async function startOperator(
  client: KubeClient,
  namespace: string,
  lines: string[],
  { ownBroker, resyncMs = 60_000, refreshMs, now = Date.now }: SceneOptions,
): Promise<OperatorUnderTest> {
  const registry = new Registry();
  const operator = createOperator({
    client,
    namespaces: [namespace],
    sources: {
      defaultBrokerSecret: ownBroker && { namespace, name: "operators-own" },
      allowedVhosts: ownBroker?.allowedVhosts ?? [],
    },
    resyncMs,
    ...(refreshMs === undefined ? {} : { refreshMs }),
    now,
    identity: "operator-under-test",
    registry,
    log: createLog("debug", "json", { write: (line: string) => void lines.push(line) }),
  });
  operator.watch();
  await operator.lead(new AbortController().signal);
  return {
    stop: operator.stop,
    metrics: () => registry.metrics(),
    async passes(controller) {
      const metric = await registry.getSingleMetric("controller_runtime_reconcile_total")?.get();
      const mine = metric?.values.filter(({ labels }) => labels.controller === controller) ?? [];
      return mine.reduce((sum, { value }) => sum + value, 0);
    },
  };
}
