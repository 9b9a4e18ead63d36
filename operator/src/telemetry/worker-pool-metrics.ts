import type { Registry } from "prom-client";
import type { WorkerPool } from "../api/objects.ts";
import { type Pod, podTrouble } from "../workerpool/pods.ts";
import { oncePerScrape, registerAtScrape } from "./at-scrape.ts";
import { conditionLabels, conditionSeries } from "./condition-series.ts";

const labelNames = ["namespace", "pool"];

/**
 * Reports on every WorkerPool, scaled or not, from what is watched anyway (its scaling: pool-metrics.ts). One that is gone leaves
 * nothing behind.
 */
export function reportWorkerPools(
  registry: Registry,
  pools: () => Iterable<WorkerPool>,
  podsOf: (pool: WorkerPool) => readonly Pod[],
): void {
  const list = oncePerScrape(pools);
  const labelsOf = ({ metadata }: WorkerPool) => ({ namespace: metadata.namespace, pool: metadata.name });
  registerAtScrape(registry, {
    name: "jobwright_pool_condition",
    help: "The WorkerPool's conditions: 1 while one is True, else 0.",
    labelNames: [...labelNames, ...conditionLabels],
    *read() {
      for (const pool of list()) yield* conditionSeries(labelsOf(pool), pool.status?.conditions);
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_pool_info",
    help: "1; names the JobQueue that the pool works on and its scaling mode.",
    labelNames: [...labelNames, "queue", "mode"],
    *read() {
      for (const pool of list()) {
        const { queueRef, scaling } = pool.spec;
        yield [{ ...labelsOf(pool), queue: queueRef.name, mode: scaling.mode }, 1];
      }
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_pool_troubled_pods",
    help: "Pods that cannot work, by the kubelet's or the scheduler's reason, such as CrashLoopBackOff, ImagePullBackOff or Unschedulable; absent where all can.",
    labelNames: [...labelNames, "reason"],
    *read() {
      for (const pool of list()) {
        const troubles = podsOf(pool).flatMap((pod) =>
          pod.metadata.deletionTimestamp === undefined ? (podTrouble(pod, Date.now())?.reason ?? []) : [],
        );
        for (const [reason, pods] of Object.entries(Object.groupBy(troubles, (reason) => reason))) {
          yield [{ ...labelsOf(pool), reason }, pods?.length ?? 0];
        }
      }
    },
  });
}
