import { setTimeout as pause } from "node:timers/promises";
import { expect, type TestContext, vi } from "vitest";
import { type JobQueue, jobQueues, type WorkerPool, workerPools } from "../../../operator/src/api/objects.ts";
import { decodeData, type Secret } from "../../../operator/src/credentials/secret-data.ts";
import { deployments, pods, secrets } from "../../../operator/src/kinds.ts";
import {
  type Condition,
  createKubeClient,
  isNotFound,
  type KubeClient,
  type KubeConfig,
  type KubeObject,
  loadKubeConfig,
  type Resource,
} from "../../../operator/src/kube/index.ts";
import type { Deployment } from "../../../operator/src/workerpool/deployment.ts";
import type { Pod } from "../../../operator/src/workerpool/pods.ts";
import type { BrokerVersion, Broker as Server } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { problemsOf } from "../../logs/conforming.ts";
import { brokerSecretManifest, brokerSecretName, jobQueueManifest, workerPoolManifest } from "./manifests.ts";
import { describeScene, type RecordedEvent, readEvents } from "./seen.ts";
import { type OperatorUnderTest, startOperator } from "./under-test.ts";
import { createVhostView, type VhostView } from "./vhost-view.ts";

export const namespaces: Resource = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

/** A namespace, a vhost, and an operator that works in this namespace: all of one test's own. */
export interface Scene {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly server: Server;
  /** The vhost's name. */
  readonly vhost: string;
  /** The vhost behind the operator's back. */
  readonly broker: VhostView;
  /** Applies as `kubectl apply` would. */
  apply(resource: Resource, object: KubeObject): Promise<KubeObject>;
  applyQueue(name: string, spec?: Record<string, unknown>): Promise<KubeObject>;
  applyPool(name: string, spec?: Record<string, unknown>): Promise<KubeObject>;
  queue(name: string): Promise<JobQueue | undefined>;
  pool(name: string): Promise<WorkerPool | undefined>;
  deployment(name: string): Promise<Deployment | undefined>;
  /** The pool's pods, those being deleted included. */
  pods(pool: string): Promise<Pod[]>;
  /** A Secret's values as text; undefined where there is none. */
  secret(name: string): Promise<Record<string, string> | undefined>;
  /** What was reported on an object; only of this reason if one is given. */
  events(kind: "JobQueue" | "WorkerPool", name: string, reason?: string): Promise<RecordedEvent[]>;
  /** How many passes a controller of the operator has made since it was last started. */
  passes(controller: "jobqueue" | "workerpool"): Promise<number>;
  /** What the operator has logged, at debug. */
  readonly log: readonly string[];
  /** What the operator's /metrics would say. */
  metrics(): Promise<string>;
  /** Puts another operator, which remembers nothing, in the place of the one that works. */
  restartOperator(): Promise<void>;
}

/** The operator never looks on its own within a test's time: what it does, it does because it was told of something. */
export const onlyWhenTold = { resyncMs: 3_600_000, refreshMs: 3_600_000 };

export interface SceneOptions {
  readonly version?: BrokerVersion;
  /** A RabbitMQ of the test's own, instead of the shared one of this version. */
  readonly server?: Server;
  /** Values of the Secret that `spec.broker` names, to replace; null for no such Secret. */
  readonly brokerSecret?: Record<string, string> | null;
  /** The operator has a broker of its own: the same server and vhost. */
  readonly ownBroker?: { readonly allowedVhosts: readonly string[] };
  readonly resyncMs?: number;
  /** {@link onlyWhenTold}, or more often than an operator would, where a test is to see what it does then. */
  readonly refreshMs?: number;
  /** How the operator reaches the API server, instead of directly. */
  readonly apiServer?: KubeConfig;
  /** The test starts one itself, and ends it. */
  readonly withoutOperator?: boolean;
  /** The operator's time of day, ms, where a test cannot wait for hours. */
  readonly now?: () => number;
}

/** Sets the scene, and clears it away when the test ends. On failure it prints what a person would look at. */
export async function setScene(test: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const cluster = readCluster();
  const server = options.server ?? cluster.broker(options.version);
  const client = createKubeClient(loadKubeConfig({ file: cluster.kubeconfig }));
  await refuseCompany(client);
  const namespace = `op-${crypto.randomUUID().slice(0, 8)}`;
  const broker = await createVhostView(server, namespace);
  await client.create(namespaces, { metadata: { name: namespace } });
  const secretNamed = (name: string, changes: Record<string, string> = {}) =>
    client.create(secrets, brokerSecretManifest(namespace, name, server, broker.vhost, changes));
  if (options.brokerSecret !== null) await secretNamed(brokerSecretName, options.brokerSecret);
  if (options.ownBroker) await secretNamed("operators-own");
  const lines: string[] = [];
  const operatorsClient = options.apiServer ? createKubeClient(options.apiServer) : client;
  const start = () =>
    options.withoutOperator ? noOperator : startOperator(operatorsClient, namespace, lines, options);
  let operator = await start();

  const scene: Scene = {
    client,
    namespace,
    server,
    vhost: broker.vhost,
    broker,
    apply: (resource, object) => client.apply(resource, object, { fieldManager: "kubectl", force: true }),
    applyQueue: (name, spec) => scene.apply(jobQueues, jobQueueManifest(namespace, name, spec)),
    applyPool: (name, spec) => scene.apply(workerPools, workerPoolManifest(namespace, name, spec)),
    queue: (name) => client.get<JobQueue>(jobQueues, name, namespace),
    pool: (name) => client.get<WorkerPool>(workerPools, name, namespace),
    deployment: (name) => client.get<Deployment>(deployments, name, namespace),
    async pods(pool) {
      return (await client.list<Pod>(pods, { namespace, labelSelector: `jobwright.dev/pool=${pool}` })).items;
    },
    async secret(name) {
      const secret = await client.get<Secret>(secrets, name, namespace);
      return secret && decodeData(secret.data);
    },
    async events(kind, name, reason) {
      const all = await readEvents(client, namespace, kind, name);
      return all.filter((event) => reason === undefined || event.reason === reason);
    },
    passes: (controller) => operator.passes(controller),
    log: lines,
    metrics: () => operator.metrics(),
    async restartOperator() {
      await operator.stop();
      operator = await start();
    },
  };

  test.onTestFailed(async () => {
    process.stderr.write(await describeScene(client, namespace, lines));
  });
  test.onTestFinished(async () => {
    await clear(client, namespace, options.withoutOperator ? 0 : 10);
    await operator.stop();
    await broker[Symbol.asyncDispose]();
    client.close();
    operatorsClient.close();
    // Whatever a test made the operator say is as docs/logs.md has it.
    expect(lines.flatMap((line) => problemsOf(JSON.parse(line), "json"))).toEqual([]);
  });
  return scene;
}

/** An operator that works in all namespaces would work in the test's too, and the two would undo each other's work. */
async function refuseCompany(client: KubeClient): Promise<void> {
  const labelSelector = "app.kubernetes.io/name=jobwright,app.kubernetes.io/component=operator";
  const [installed] = (await client.list(deployments, { labelSelector })).items;
  if (installed === undefined) return;
  const { namespace, name } = installed.metadata;
  throw new Error(`An operator is installed here (Deployment ${namespace}/${name}): uninstall it to run these tests.`);
}

/** Tries until `check` throws no more, and returns what it returns. After `seconds`, for machines that are busy, it throws what `check` last threw. */
export function eventually<T>(check: () => Promise<T> | T, seconds = 120): Promise<T> {
  return vi.waitFor(check, { timeout: seconds * 1000, interval: 100 });
}

/** Sees that `check` holds each time it is tried, all the while. */
export async function always(check: () => Promise<void>, seconds: number): Promise<void> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await pause(100)) await check();
}

/** A condition as "Ready=False QueueNotFound: …"; undefined where there is none of that type. */
export function condition(object: JobQueue | WorkerPool | undefined, type: string): string | undefined {
  const conditions: readonly Condition[] = object?.status?.conditions ?? [];
  const found = conditions.find((one) => one.type === type);
  return found && `${type}=${found.status} ${found.reason}: ${found.message}`;
}

/** In the place of one that the test starts. */
const noOperator: OperatorUnderTest = {
  stop: async () => {},
  passes: () => Promise.reject(new Error("the scene has no operator")),
  metrics: () => Promise.reject(new Error("the scene has no operator")),
};

/** Deletes what the operator keeps with a finalizer, within `seconds` if one runs that lets go, then the namespace. */
async function clear(client: KubeClient, namespace: string, seconds: number): Promise<void> {
  const kinds = [workerPools, jobQueues];
  async function remaining() {
    const lists = await Promise.all(kinds.map((kind) => client.list(kind, { namespace })));
    return lists.flatMap(({ items }, index) => items.map(({ metadata }) => ({ kind: kinds[index], metadata })));
  }
  for (const { kind, metadata } of await remaining()) if (kind) await client.delete(kind, metadata.name, namespace);
  try {
    await eventually(async () => {
      if ((await remaining()).length > 0) throw new Error("not gone yet");
    }, seconds);
  } catch {
    // A scene may be about an operator that does not let go; the test has said so by now.
    for (const { kind, metadata } of await remaining()) {
      if (kind === undefined) continue;
      await client.patch(kind, metadata.name, namespace, { metadata: { finalizers: null } }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }
  await client.delete(namespaces, namespace);
}
