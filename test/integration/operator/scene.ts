import { pino } from "pino";
import { Registry } from "prom-client";
import { type TestContext, vi } from "vitest";
import { type JobQueue, jobQueues, type WorkerPool, workerPools } from "../../../operator/src/api/objects.ts";
import type { Secret } from "../../../operator/src/jobqueue/secret-data.ts";
import { decodeData } from "../../../operator/src/jobqueue/secret-data.ts";
import { deployments, pods, secrets } from "../../../operator/src/kinds.ts";
import {
  type Condition,
  createKubeClient,
  isNotFound,
  type KubeClient,
  type KubeObject,
  loadKubeConfig,
  type Resource,
} from "../../../operator/src/kube/index.ts";
import { createOperator } from "../../../operator/src/operator.ts";
import type { Deployment } from "../../../operator/src/workerpool/deployment.ts";
import type { Pod } from "../../../operator/src/workerpool/pods.ts";
import { createVhost, manage, type Broker as Server } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { brokerSecretManifest, brokerSecretName, jobQueueManifest, workerPoolManifest } from "./manifests.ts";

export const namespaces: Resource = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};
const events: Resource = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

export interface RecordedEvent extends KubeObject {
  type: string;
  reason: string;
  message: string;
  count?: number;
  involvedObject: { kind: string; name: string };
}

/** A namespace, a vhost, and an operator that works in this namespace: all of one test's own. */
export interface Scene {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly server: Server;
  readonly vhost: string;
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
  /** What was reported on an object, oldest first; only of this reason if one is given. */
  events(kind: "JobQueue" | "WorkerPool", name: string, reason?: string): Promise<RecordedEvent[]>;
  /** Asks the management API for one thing of this vhost: `find("queues", "a.b")`. Undefined where there is none. */
  find(kind: string, ...path: string[]): Promise<unknown>;
  /** Deletes one thing of this vhost behind the operator's back. */
  remove(kind: string, ...path: string[]): Promise<void>;
  /** Makes one thing of this vhost, or changes it. */
  put(body: object, kind: string, ...path: string[]): Promise<void>;
  /** A user on the broker; undefined where there is none. */
  user(name: string): Promise<unknown>;
  /** How many passes a controller has made. */
  passes(controller: "jobqueue" | "workerpool"): Promise<number>;
}

export interface SceneOptions {
  readonly version?: "3.10" | "4.0";
  /** Where `spec.broker` leads; null for no such Secret, and parts of it to replace. */
  readonly brokerSecret?: Record<string, string> | null;
  /** The operator has a broker of its own: the same server and vhost. */
  readonly ownBroker?: { readonly allowedVhosts: readonly string[] };
  readonly resyncMs?: number;
}

/** Sets the scene, and clears it away when the test ends. On failure it prints what a person would look at. */
export async function setScene(test: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const cluster = readCluster();
  const server = cluster.broker(options.version);
  const client = createKubeClient(loadKubeConfig({ file: cluster.kubeconfig }));
  const namespace = `op-${crypto.randomUUID().slice(0, 8)}`;
  const vhost = await createVhost(server, namespace);
  await client.create(namespaces, { metadata: { name: namespace } });
  if (options.brokerSecret !== null) {
    const secret = brokerSecretManifest(namespace, brokerSecretName, server, vhost.name, options.brokerSecret);
    await client.create(secrets, secret);
  }
  if (options.ownBroker) {
    await client.create(secrets, brokerSecretManifest(namespace, "operators-own", server, vhost.name));
  }
  const lines: string[] = [];
  const registry = new Registry();
  const operator = createOperator({
    client,
    namespace,
    sources: {
      defaultBrokerSecret: options.ownBroker && { namespace, name: "operators-own" },
      allowedVhosts: options.ownBroker?.allowedVhosts ?? [],
    },
    resyncMs: options.resyncMs ?? 60_000,
    identity: "operator-under-test",
    registry,
    log: pino({ level: "debug", base: null }, { write: (line: string) => void lines.push(line) }),
  });
  operator.watch();
  await operator.lead(new AbortController().signal);

  const scene: Scene = {
    client,
    namespace,
    server,
    vhost: vhost.name,
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
      const { items } = await client.list<RecordedEvent>(events, {
        namespace,
        fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}`,
      });
      return items.filter((event) => reason === undefined || event.reason === reason);
    },
    find: (kind, ...path) => find(server, [kind, vhost.name, ...path]),
    async remove(kind, ...path) {
      await manage(server, "DELETE", apiPath([kind, vhost.name, ...path]));
    },
    async put(body, kind, ...path) {
      await manage(server, "PUT", apiPath([kind, vhost.name, ...path]), body);
    },
    user: (name) => find(server, ["users", name]),
    async passes(controller) {
      const metric = await registry.getSingleMetric("controller_runtime_reconcile_total")?.get();
      const mine = metric?.values.filter(({ labels }) => labels.controller === controller) ?? [];
      return mine.reduce((sum, { value }) => sum + value, 0);
    },
  };

  test.onTestFailed(async () => {
    process.stderr.write(await describeScene(scene, lines));
  });
  test.onTestFinished(async () => {
    await clear(scene);
    await operator.stop();
    await vhost[Symbol.asyncDispose]();
    await removeUsers(server, namespace);
    client.close();
  });
  return scene;
}

/** Tries until `check` throws no more, and returns what it returns. After `seconds` it throws what `check` last threw. */
export function eventually<T>(check: () => Promise<T> | T, seconds = 20): Promise<T> {
  return vi.waitFor(check, { timeout: seconds * 1000, interval: 100 });
}

/** A condition as "Ready=False QueueNotFound: …"; undefined where there is none of that type. */
export function condition(object: JobQueue | WorkerPool | undefined, type: string): string | undefined {
  const conditions: readonly Condition[] = object?.status?.conditions ?? [];
  const found = conditions.find((one) => one.type === type);
  return found && `${type}=${found.status} ${found.reason}: ${found.message}`;
}

function apiPath(parts: readonly string[]): string {
  return `/api/${parts.map(encodeURIComponent).join("/")}`;
}

async function find(server: Server, path: readonly string[]): Promise<unknown> {
  try {
    return await manage(server, "GET", apiPath(path));
  } catch (error) {
    if (error instanceof Error && error.message.includes("answered 404")) return undefined;
    throw error;
  }
}

async function clear({ client, namespace }: Scene): Promise<void> {
  const kinds = [workerPools, jobQueues];
  const left = async () =>
    (
      await Promise.all(
        kinds.map(async (kind) => (await client.list(kind, { namespace })).items.map((item) => ({ kind, item }))),
      )
    ).flat();
  for (const { kind, item } of await left()) await client.delete(kind, item.metadata.name, namespace);
  try {
    await vi.waitFor(async () => {
      if ((await left()).length > 0) throw new Error("not gone yet");
    }, 10_000);
  } catch {
    // A scene may be about an operator that does not let go; the test has said so by now.
    for (const { kind, item } of await left()) {
      await client.patch(kind, item.metadata.name, namespace, { metadata: { finalizers: null } }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }
  await client.delete(namespaces, namespace);
}

async function removeUsers(server: Server, namespace: string): Promise<void> {
  const users = (await manage(server, "GET", "/api/users")) as { name: string }[];
  for (const { name } of users) {
    if (name.startsWith(`${namespace}.`)) await manage(server, "DELETE", `/api/users/${encodeURIComponent(name)}`);
  }
}

async function describeScene({ client, namespace }: Scene, lines: readonly string[]): Promise<string> {
  const [queues, pools, recorded] = await Promise.all([
    client.list(jobQueues, { namespace }),
    client.list(workerPools, { namespace }),
    client.list<RecordedEvent>(events, { namespace }),
  ]);
  return [
    `── ${namespace}`,
    ...[...queues.items, ...pools.items].map(({ kind, metadata, status }) => {
      return `${kind} ${metadata.name}: ${JSON.stringify(status, null, 1)}`;
    }),
    ...recorded.items.map((event) => `${event.type} ${event.reason} ${event.involvedObject.name}: ${event.message}`),
    ...lines.slice(-40),
    "",
  ].join("\n");
}
