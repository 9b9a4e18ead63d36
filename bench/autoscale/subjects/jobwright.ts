import { type WorkerPool, workerPools } from "../../../operator/src/api/objects.ts";
import { kubectl } from "../../../test/e2e/kubectl.ts";
import { until } from "../../../test/e2e/until.ts";
import type { Subject } from "../subject.ts";
import { maxReplicas } from "../traces.ts";

export const targetWait = "5s";

/** How long fewer workers must have been enough before one goes; the same for KEDA where it is tuned. */
export const scaleDownSeconds = 15;

/** A WorkerPool with a goal, and nothing else that KEDA's users would not say as well. */
export const jobwright: Subject = {
  subject: "jobwright",
  config: `targetWait ${targetWait}`,
  pollingMs: 1_000,
  async deploy({ stage, run, template }) {
    const { client, namespace } = stage;
    const delay = `${scaleDownSeconds}s`;
    await client.apply(
      workerPools,
      {
        apiVersion: "jobwright.dev/v1alpha1",
        kind: "WorkerPool",
        metadata: { name: run, namespace },
        spec: {
          queueRef: { name: run },
          maxReplicas,
          scaling: { targetWait, scaleDownDelay: delay, idleDelay: delay },
          template,
        },
      },
      { fieldManager: "kubectl", force: true },
    );
    await until(`WorkerPool ${run} is ready`, async () => {
      const pool = await client.get<WorkerPool>(workerPools, run, namespace);
      return pool?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    });
    return {
      async [Symbol.asyncDispose]() {
        await kubectl("delete", "workerpool", run, "-n", namespace, "--timeout=120s");
      },
    };
  },
};
