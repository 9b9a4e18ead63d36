import { dirname } from "node:path";
import { type Kube, read } from "./kubectl.ts";
import { until } from "./step.ts";

const manifests = dirname(import.meta.dirname);

/** The namespace, and the name of the JobQueue and the WorkerPool, in the manifests. */
export const namespace = "images";
const name = "resize";
const api = `/apis/jobwright.dev/v1alpha1/namespaces/${namespace}`;

interface Resource {
  metadata: { generation: number };
  status?: {
    observedGeneration?: number;
    conditions?: { type: string; status: string }[];
  };
}
interface JobQueue extends Resource {
  status?: Resource["status"] & { deadLetterQueue?: string; binding?: { name: string } };
}
interface WorkerPool extends Resource {
  status?: Resource["status"] & { selector?: string; backlog?: number };
}

const readQueue = (kube: Kube) => read<JobQueue>(kube, `${api}/jobqueues/${name}`);
const readPool = (kube: Kube) => read<WorkerPool>(kube, `${api}/workerpools/${name}`);

/** Removes the example, as a user would, and with it its queue on the broker. The operator must be running. */
export async function removeExample(kube: Kube): Promise<void> {
  await kube.kubectl("delete", "-f", manifests, "--ignore-not-found", "--wait", "--timeout=120s");
}

/** `kubectl apply -f examples/images`, and waits until the queue, the pool and the recorder are ready. */
export async function applyExample(kube: Kube): Promise<{ deadLetterQueue: string; binding: string }> {
  await kube.kubectl("apply", "-f", manifests);
  const explain = () => kube.kubectl("describe", "jobqueues,workerpools", "--namespace", namespace);
  const status = await until(
    "JobQueue images/resize is Ready",
    60,
    async () => {
      const found = await readQueue(kube);
      return isReady(found) ? found?.status : undefined;
    },
    explain,
  );
  await until("WorkerPool images/resize is Ready", 60, async () => isReady(await readPool(kube)) || undefined, explain);
  await kube.kubectl("rollout", "status", "deployment/recorder", "--namespace", namespace, "--timeout=60s");
  const { deadLetterQueue, binding } = status;
  if (deadLetterQueue === undefined || binding === undefined) {
    throw new Error(`JobQueue images/resize is Ready, but its status lacks names: ${JSON.stringify(status)}`);
  }
  return { deadLetterQueue, binding: binding.name };
}

function isReady(object: Resource | undefined): boolean {
  return (
    object?.status?.observedGeneration === object?.metadata.generation &&
    (object?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false)
  );
}

/** How many jobs wait, as the operator sees it. */
export async function readBacklog(kube: Kube): Promise<number> {
  return (await readPool(kube))?.status?.backlog ?? 0;
}

/** How many pods of the pool exist, whatever state they are in. */
export async function countPods(kube: Kube): Promise<number> {
  const selector = (await readPool(kube))?.status?.selector;
  if (selector === undefined) throw new Error("WorkerPool images/resize has no status.selector");
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
  return (await read<{ items: unknown[] }>(kube, path))?.items.length ?? 0;
}
