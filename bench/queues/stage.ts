import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobQueue, jobQueues } from "../../operator/src/api/objects.ts";
import { secrets } from "../../operator/src/kinds.ts";
import { createKubeClient, createReflector, type KubeClient, loadKubeConfig } from "../../operator/src/kube/index.ts";
import { createVhost, type PrivateBroker, startPrivateBroker, type Vhost } from "../../test/broker/index.ts";
import { readCluster } from "../../test/cluster/index.ts";
import installCustomResources from "../../test/integration/operator/custom-resources.ts";
import { brokerSecretManifest, brokerSecretName, jobQueueManifest } from "../../test/integration/operator/manifests.ts";
import { namespaces } from "../../test/integration/operator/scene.ts";
import { refuseCompany } from "./company.ts";

/** A namespace of the test cluster, and a broker and vhost of the bench's own. */
export interface Stage extends AsyncDisposable {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly broker: PrivateBroker;
  readonly vhost: Vhost;
  /** For logs. Who has no more use for them deletes it. */
  readonly folder: string;
  /** Applies JobQueues with nothing but defaults, many at once, and resolves when all are Ready. @throws after `limitMs`. */
  applyUntilReady(count: number, limitMs: number): Promise<void>;
}

/** How many applies are under way at once. */
const appliers = 16;

export async function openStage(): Promise<Stage> {
  const { kubeconfig } = readCluster();
  const client = createKubeClient(loadKubeConfig({ file: kubeconfig }));
  await refuseCompany(client);
  const removeCustomResources = await installCustomResources();
  const broker = await startPrivateBroker();
  const vhost = await createVhost(broker, "queues");
  const namespace = `bench-${crypto.randomUUID().slice(0, 8)}`;
  await client.create(namespaces, { metadata: { name: namespace } });
  await client.create(secrets, brokerSecretManifest(namespace, brokerSecretName, broker, vhost.name));
  const folder = mkdtempSync(join(tmpdir(), "jobwright-bench-queues-"));

  return {
    ...{ kubeconfig, namespace, broker, vhost, folder },
    async applyUntilReady(count, limitMs) {
      const ready = new Set<string>();
      const { promise: all, resolve, reject } = Promise.withResolvers<void>();
      const watch = createReflector<JobQueue>({
        ...{ client, resource: jobQueues, namespace },
        onChange(jobQueue) {
          if (isReady(jobQueue)) ready.add(jobQueue.metadata.name);
          if (ready.size === count) resolve();
        },
      });
      watch.start();
      const limit = setTimeout(
        () => reject(new Error(`${ready.size} of ${count} JobQueues were Ready after ${limitMs / 1000} s`)),
        limitMs,
      );
      const numbers = Array.from({ length: count }, (_, index) => index).values();
      const apply = async () => {
        for (const number of numbers) {
          const manifest = jobQueueManifest(namespace, `queue-${number}`);
          await client.apply(jobQueues, manifest, { fieldManager: "kubectl", force: true });
        }
      };
      try {
        await Promise.all([all, ...Array.from({ length: appliers }, apply)]);
      } finally {
        clearTimeout(limit);
        await watch.stop();
      }
    },
    async [Symbol.asyncDispose]() {
      await releaseAll(client, namespace);
      await client.delete(namespaces, namespace);
      await removeCustomResources();
      client.close();
      await broker[Symbol.asyncDispose]();
    },
  };
}

function isReady({ status }: JobQueue): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** The operator is gone by now: what it keeps would keep the namespace for ever. */
async function releaseAll(client: KubeClient, namespace: string): Promise<void> {
  const { items } = await client.list<JobQueue>(jobQueues, { namespace });
  const left = items.values();
  const release = async () => {
    for (const { metadata } of left) {
      await client.patch(jobQueues, metadata.name, namespace, { metadata: { finalizers: null } });
    }
  };
  await Promise.all(Array.from({ length: appliers }, release));
}
