import { randomBytes } from "node:crypto";
import { createProducer, type Producer } from "@jobwright/worker-runtime";
import { binding, queueNames } from "@jobwright/worker-runtime/contract";
import { onTestFinished } from "vitest";
import { type JobQueue, jobQueues, type WorkerPool, workerPools } from "../../operator/src/api/objects.ts";
import { pods, secrets } from "../../operator/src/kinds.ts";
import { createKubeClient, type KubeClient, loadKubeConfig } from "../../operator/src/kube/index.ts";
import type { Pod } from "../../operator/src/workerpool/pods.ts";
import { type Broker, type BrokerVersion, createVhost, type Vhost } from "../broker/index.ts";
import { readCluster } from "../cluster/index.ts";
import { describeWorkspace } from "./diagnostics.ts";
import { brokerSecretData, handlersImage, restricted } from "./installation.ts";
import { apply, kubectl } from "./kubectl.ts";
import { type Recorder, startRecorder } from "./recorder.ts";
import { until } from "./until.ts";

/** The JobQueue and the WorkerPool of a workspace are both called so. */
export const name = "jobs";

/** A namespace, a vhost and a recorder of a test's own, with a JobQueue and a WorkerPool on them. */
export interface Workspace {
  readonly namespace: string;
  readonly vhost: Vhost;
  readonly broker: Broker;
  readonly client: KubeClient;
  readonly recorder: Recorder;
  /** The queue's names on the broker. */
  readonly queue: ReturnType<typeof queueNames>;
  /** Applies the JobQueue and waits until it is ready. */
  applyQueue(spec?: object): Promise<void>;
  /** Applies the WorkerPool with small times, changed by `spec`; `env` goes to the worker's container. */
  applyPool(spec?: object, env?: Record<string, string>): Promise<void>;
  /** As a producer's user, with the Secret that the JobQueue's status names. Closed when the test is over. */
  producer(): Promise<Producer>;
  jobQueue(): Promise<JobQueue | undefined>;
  pool(): Promise<WorkerPool | undefined>;
  /** The pool's pods, those being deleted included. */
  pods(): Promise<Pod[]>;
  /** Waits until so many workers are ready and no other pod is there. */
  workersReady(count: number, limitSeconds?: number): Promise<void>;
}

/** Everything is removed when the test is over; a failed test first prints what a person would look at. */
export async function createWorkspace(title: string, version: BrokerVersion = "4.0"): Promise<Workspace> {
  const cluster = readCluster();
  const broker = cluster.broker(version);
  if (broker.podHost === undefined)
    throw new Error("the end-to-end tests need a cluster whose pods reach this machine");
  const namespace = `e2e-${title}-${randomBytes(3).toString("hex")}`;
  const client = createKubeClient(loadKubeConfig({ file: cluster.kubeconfig }));
  const vhost = await createVhost(broker, `e2e-${title}`);
  const recorder = await startRecorder(broker.podHost);
  const queue = queueNames(`${namespace}.${name}`);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await describeWorkspace({ namespace, vhost, broker, recorder }));
    await remove();
  });

  async function remove(): Promise<void> {
    // After a failed test there may be jobs that a DeleteWhenEmpty would wait for.
    const drop = JSON.stringify({ spec: { deletionPolicy: "Delete" } });
    await kubectl("patch", "jobqueue", name, "-n", namespace, "--type=merge", "-p", drop).catch(() => {});
    await kubectl("delete", "workerpool,jobqueue", "--all", "-n", namespace, "--wait=false");
    await kubectl("delete", "pods", "--all", "-n", namespace, "--grace-period=0", "--force").catch(() => {});
    await kubectl("delete", "workerpool,jobqueue", "--all", "-n", namespace, "--timeout=60s");
    await kubectl("delete", "namespace", namespace, "--wait=false");
    await vhost[Symbol.asyncDispose]();
    await recorder[Symbol.asyncDispose]();
    client.close();
  }

  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: restricted } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "rabbitmq", namespace },
      stringData: { ...brokerSecretData(broker), "virtual-host": vhost.name },
    },
  );

  const workspace: Workspace = {
    namespace,
    vhost,
    broker,
    client,
    recorder,
    queue,
    async applyQueue(spec = {}) {
      await apply({
        apiVersion: "jobwright.dev/v1alpha1",
        kind: "JobQueue",
        metadata: { name, namespace },
        spec: { broker: { secretRef: { name: "rabbitmq" } }, deletionPolicy: "Delete", ...spec },
      });
      await kubectl("wait", `jobqueue/${name}`, "-n", namespace, "--for=condition=Ready", "--timeout=60s");
    },
    applyPool: (spec, env) => apply(workerPool(namespace, recorder.url, spec, env)),
    async producer() {
      const { status } = (await workspace.jobQueue()) ?? {};
      const secret = await client.get<{ data?: Record<string, string>; metadata: { name: string } }>(
        secrets,
        status?.binding?.name ?? "",
        namespace,
      );
      const facts = Object.entries(secret?.data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString(),
      ]);
      const producer = createProducer({ binding: binding.parse(Object.fromEntries(facts)) });
      onTestFinished(() => producer.close());
      return producer;
    },
    jobQueue: () => client.get<JobQueue>(jobQueues, name, namespace),
    pool: () => client.get<WorkerPool>(workerPools, name, namespace),
    pods: async () => (await client.list<Pod>(pods, { namespace })).items,
    async workersReady(count, limitSeconds) {
      await until(
        `${count} workers ready and no other pod`,
        async () => {
          const all = await workspace.pods();
          return all.length === count && all.every(isReady);
        },
        limitSeconds,
      );
    },
  };
  return workspace;
}

function isReady({ status, metadata }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
}

/** A WorkerPool as a user would write it, in the restricted pod security profile. */
function workerPool(
  namespace: string,
  recorderUrl: string,
  spec: object = {},
  env: Record<string, string> = {},
): object {
  const { scaling, ...rest } = spec as { scaling?: object };
  return {
    apiVersion: "jobwright.dev/v1alpha1",
    kind: "WorkerPool",
    metadata: { name, namespace },
    spec: {
      queueRef: { name },
      maxReplicas: 10,
      drainTimeout: "30s",
      ...rest,
      scaling: { targetWait: "1s", scaleDownDelay: "3s", idleDelay: "3s", ...scaling },
      template: {
        spec: {
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "worker",
              image: handlersImage,
              imagePullPolicy: "Never",
              env: Object.entries({ RECORDER_URL: recorderUrl, ...env }).map(([key, value]) => ({ name: key, value })),
              resources: { requests: { cpu: "10m", memory: "32Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
            },
          ],
        },
      },
    },
  };
}
