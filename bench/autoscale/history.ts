import { deployments, pods } from "../../operator/src/kinds.ts";
import { createReflector, objectKey } from "../../operator/src/kube/index.ts";
import type { Deployment } from "../../operator/src/workerpool/deployment.ts";
import type { Pod } from "../../operator/src/workerpool/pods.ts";
import type { PodSpan } from "./row.ts";
import type { Stage } from "./stage.ts";
import { runLabel } from "./worker.ts";

/** What becomes of a run's Deployment and pods, by this machine's clock. */
export interface History extends AsyncDisposable {
  /** The pods that there were. */
  pods(): PodSpan[];
  readonly replicas: readonly { readonly atMs: number; readonly replicas: number }[];
  /** When the first pod was seen to run, ms. */
  firstRunningMs(): number | undefined;
  /** Whether no pod is there now. */
  isEmpty(): boolean;
}

export async function watchHistory({ client, namespace }: Stage, run: string): Promise<History> {
  const spans = new Map<string, { fromMs: number; runningMs?: number; toMs?: number }>();
  const replicas: { atMs: number; replicas: number }[] = [];

  const podWatch = createReflector<Pod>({
    ...{ client, resource: pods, namespace, labelSelector: `${runLabel}=${run}` },
    onChange(pod) {
      const now = Date.now();
      const span = spans.get(pod.metadata.name) ?? { fromMs: now };
      spans.set(pod.metadata.name, span);
      const gone = podWatch.get(objectKey(pod)) === undefined;
      const phase = pod.status?.phase;
      if (pod.status?.containerStatuses?.some(({ state }) => state?.running)) span.runningMs ??= now;
      if (gone || phase === "Succeeded" || phase === "Failed") span.toMs ??= now;
    },
  });
  const deploymentWatch = createReflector<Deployment>({
    ...{ client, resource: deployments, namespace, fieldSelector: `metadata.name=${run}` },
    onChange({ spec }) {
      const now = spec.replicas ?? 0;
      if (replicas.at(-1)?.replicas !== now) replicas.push({ atMs: Date.now(), replicas: now });
    },
  });
  for (const watch of [podWatch, deploymentWatch]) watch.start();
  await Promise.all([podWatch.synced(), deploymentWatch.synced()]);
  return {
    pods: () => [...spans.values()],
    replicas,
    firstRunningMs: () => [...spans.values()].flatMap(({ runningMs }) => runningMs ?? []).toSorted((a, b) => a - b)[0],
    isEmpty: () => podWatch.list().length === 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([podWatch.stop(), deploymentWatch.stop()]);
    },
  };
}
