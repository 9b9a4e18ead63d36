import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobQueue, jobQueues, type WorkerPool, workerPools } from "../../operator/src/api/objects.ts";
import { secrets } from "../../operator/src/kinds.ts";
import {
  createKubeClient,
  createReflector,
  type KubeClient,
  type KubeObject,
  loadKubeConfig,
  type Resource,
} from "../../operator/src/kube/index.ts";
import { createVhost, type PrivateBroker, startPrivateBroker, type Vhost } from "../../test/broker/index.ts";
import { readCluster } from "../../test/cluster/index.ts";
import installCustomResources from "../../test/integration/operator/custom-resources.ts";
import { brokerSecretManifest, brokerSecretName } from "../../test/integration/operator/manifests.ts";
import { namespaces } from "../../test/integration/operator/scene.ts";
import { refuseCompany } from "./company.ts";

/** A namespace of the test cluster, and a broker and vhost of the bench's own. */
export interface Stage extends AsyncDisposable {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly broker: PrivateBroker;
  readonly vhost: Vhost;
  /** For logs. Who has no more use for them deletes it. */
  readonly folder: string;
  /** Applies so many objects, `manifestOf(0)` and on, many at once; resolves when all are Ready. @throws after `limitMs`. */
  applyUntilReady(kind: Resource, manifestOf: (number: number) => KubeObject, limits: ApplyLimits): Promise<void>;
}

interface ApplyLimits {
  readonly count: number;
  readonly limitMs: number;
}

/** How many applies are under way at once. */
const appliers = 16;

/** @param front where the operator is told that the broker is, as values of its Secret; default: where it is. */
export async function openStage(front?: (broker: PrivateBroker) => Promise<Record<string, string>>): Promise<Stage> {
  const { kubeconfig } = readCluster();
  const client = createKubeClient(loadKubeConfig({ file: kubeconfig }));
  await refuseCompany(client);
  const removeCustomResources = await installCustomResources();
  const broker = await startPrivateBroker();
  const vhost = await createVhost(broker, "queues");
  const namespace = `bench-${crypto.randomUUID().slice(0, 8)}`;
  await client.create(namespaces, { metadata: { name: namespace } });
  const changes = await front?.(broker);
  await client.create(secrets, brokerSecretManifest(namespace, brokerSecretName, broker, vhost.name, changes));
  const folder = mkdtempSync(join(tmpdir(), "jobwright-bench-queues-"));

  return {
    ...{ client, kubeconfig, namespace, broker, vhost, folder },
    async applyUntilReady(kind, manifestOf, { count, limitMs }) {
      const ready = new Set<string>();
      const { promise: all, resolve, reject } = Promise.withResolvers<void>();
      const watch = createReflector<JobQueue | WorkerPool>({
        ...{ client, resource: kind, namespace },
        onChange(object) {
          if (isReady(object)) ready.add(object.metadata.name);
          if (ready.size === count) resolve();
        },
      });
      watch.start();
      const limit = setTimeout(
        () => reject(new Error(`${ready.size} of ${count} ${kind.kind}s were Ready after ${limitMs / 1000} s`)),
        limitMs,
      );
      const numbers = Array.from({ length: count }, (_, index) => index).values();
      const apply = async () => {
        for (const number of numbers) {
          await client.apply(kind, manifestOf(number), { fieldManager: "kubectl", force: true });
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

function isReady({ status }: JobQueue | WorkerPool): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** The operator is gone by now: what it keeps would keep the namespace for ever. */
async function releaseAll(client: KubeClient, namespace: string): Promise<void> {
  for (const kind of [workerPools, jobQueues]) {
    const left = (await client.list(kind, { namespace })).items.values();
    const release = async () => {
      for (const { metadata } of left) {
        await client.patch(kind, metadata.name, namespace, { metadata: { finalizers: null } });
      }
    };
    await Promise.all(Array.from({ length: appliers }, release));
  }
}
