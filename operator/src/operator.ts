import type { Registry } from "prom-client";
import { createAddressesInUse } from "./addresses-in-use.ts";
import { type JobQueue, jobQueues, type WorkerPool, workerPools } from "./api/objects.ts";
import { startLoop } from "./autoscaling/loop.ts";
import { type BrokerAddress, createBrokerPool } from "./broker/index.ts";
import { concernedBy, type Place } from "./drift/concerned.ts";
import { createDriftWatch } from "./drift/watch.ts";
import { isEcho, isSamePlace } from "./echo.ts";
import type { AddressSources } from "./jobqueue/address.ts";
import { createClaims } from "./jobqueue/claims.ts";
import { queuesInStatus } from "./jobqueue/names.ts";
import { createJobQueueReconciler } from "./jobqueue/reconcile.ts";
import { createSecretReader } from "./jobqueue/secret-reader.ts";
import { secretsNamed } from "./jobqueue/secrets-named.ts";
import { deployments, podDisruptionBudgets, pods } from "./kinds.ts";
import { createKnownBindings } from "./known-bindings.ts";
import {
  createController,
  createEventRecorder,
  type KubeClient,
  type KubeObject,
  type Logger,
  objectKey,
  type Reflector,
  reflectNamespaces,
} from "./kube/index.ts";
import { managedBySelector } from "./ownership.ts";
import { watchProvisions } from "./provisions.ts";
import { reportBrokers } from "./telemetry/broker-metrics.ts";
import { brokerCallMetrics } from "./telemetry/call-metrics.ts";
import { controllerMetrics } from "./telemetry/controller-metrics.ts";
import { reportJobQueues } from "./telemetry/jobqueue-metrics.ts";
import { reportPools } from "./telemetry/pool-metrics.ts";
import { reportWorkerPools } from "./telemetry/worker-pool-metrics.ts";
import { queuesOf } from "./workerpool/claim.ts";
import type { Deployment } from "./workerpool/deployment.ts";
import { readPoolDepths } from "./workerpool/depths.ts";
import { concernOf, type DisruptionBudget, isOfPool } from "./workerpool/disruption-budget.ts";
import { createHeartbeatHub } from "./workerpool/heartbeat-hub.ts";
import { poolLabel } from "./workerpool/names.ts";
import { type Pod, poolsOf } from "./workerpool/pods.ts";
import { createWorkerPoolReconciler } from "./workerpool/reconcile.ts";

export interface OperatorOptions {
  readonly client: KubeClient;
  readonly sources: Pick<AddressSources, "defaultBrokerSecret" | "allowedVhosts">;
  readonly resyncMs: number;
  /** How often counts are refreshed, the topology is compared, and what is stalled is looked at again. Default 15 s. */
  readonly refreshMs?: number;
  /** Works in these namespaces only. Absent: in all. Tests have an operator each, for a namespace each. */
  readonly namespaces?: readonly string[];
  /** Tells this operator from its replicas: the pod's name. */
  readonly identity: string;
  readonly registry: Registry;
  readonly log: Logger;
  /** The time of day, ms, by which credentials are rotated. Default: the system's. */
  readonly now?: () => number;
}

export interface Operator {
  /** Watches what there is. A standby does it too, so that it can lead at once. */
  watch(): void;
  /** What has not been listed once yet, for people to read; nothing once all is. */
  awaits(): readonly string[];
  /** Begins to work: only while leading. Waits until all is listed. */
  lead(signal: AbortSignal): Promise<void>;
  /** Ends work and watching. What a pass has begun is finished. */
  stop(): Promise<void>;
}

/** Wires the controllers to what they watch. Composition only: nothing here decides. */
export function createOperator(options: OperatorOptions): Operator {
  const { client, resyncMs, refreshMs = 15_000, namespaces, log, now = Date.now } = options;
  const metrics = controllerMetrics(options.registry);
  const readSecret = createSecretReader(client, {
    covers: (namespace) => namespaces?.includes(namespace) ?? true,
    versionOf: (key) => provisions.versionOfOthers(key),
  });
  const sources: AddressSources = { readSecret, ...options.sources };
  const events = createEventRecorder({ client, component: "jobwright.dev/operator", instance: options.identity, log });
  const brokers = createBrokerPool("jobwright-operator", brokerCallMetrics(options.registry));
  const addresses = createAddressesInUse();
  const heartbeats = createHeartbeatHub(log);

  const queueReflector = reflectNamespaces<JobQueue>(namespaces, {
    client,
    resource: jobQueues,
    indexBy: queuesInStatus,
    log,
    onChange(jobQueue, previous) {
      const echo = isEcho(jobQueue, previous, queueReflector.get(objectKey(jobQueue)) !== undefined);
      if (!echo) queueController.enqueue(objectKey(jobQueue));
      if (echo && isSamePlace(jobQueue, previous)) return;
      enqueuePools(jobQueue.metadata.namespace, jobQueue.metadata.name);
    },
  });
  const poolReflector = reflectNamespaces<WorkerPool>(namespaces, {
    client,
    resource: workerPools,
    indexBy: queuesOf,
    log,
    onChange(pool, previous) {
      if (isEcho(pool, previous, poolReflector.get(objectKey(pool)) !== undefined)) return;
      poolController.enqueue(objectKey(pool));
      // A pool that waits for the same queue may have it now.
      if (pool.metadata.deletionTimestamp !== undefined) enqueuePools(pool.metadata.namespace, pool.spec.queueRef.name);
    },
  });
  const deploymentReflector = reflectNamespaces<Deployment>(namespaces, {
    client,
    resource: deployments,
    labelSelector: managedBySelector,
    log,
    onChange: (deployment) => enqueueOwner(deployment),
  });
  const podReflector = reflectNamespaces<Pod>(namespaces, {
    client,
    resource: pods,
    labelSelector: poolLabel,
    indexBy: poolsOf,
    log,
    onChange(pod) {
      for (const pool of poolsOf(pod)) poolController.enqueueAfter(pool, podsSettleMs);
    },
  });
  /** Those of others as well: a pool has none of its own where one of theirs covers its workers. */
  const budgetReflector = reflectNamespaces<DisruptionBudget>(namespaces, {
    client,
    resource: podDisruptionBudgets,
    indexBy: concernOf,
    log,
    onChange(budget, previous) {
      // All pools have a pass at the start anyway; and a budget's status changes with each pod that comes or goes.
      if (!budgetReflector.hasSynced()) return;
      if (isEcho(budget, previous, budgetReflector.get(objectKey(budget)) !== undefined)) return;
      if (isOfPool(budget)) return enqueueOwner(budget);
      for (const pool of poolReflector.list(budget.metadata.namespace)) poolController.enqueue(objectKey(pool));
    },
  });
  const provisions = watchProvisions({
    ...{ client, namespaces, log },
    /** What a pass has provisioned is looked at again when somebody else changes it. */
    onChange(child) {
      for (const { uid } of child.metadata.ownerReferences ?? []) {
        queueReconciler.recheckCredentials(uid);
        poolReconciler.recheckProvisions(uid);
      }
      enqueueOwner(child);
    },
    /** What a JobQueue names is followed as soon as it changes. */
    onOthersSecret(key, inNamespace) {
      const { defaultBrokerSecret: own } = sources;
      const isOperators = own && key === `${own.namespace}/${own.name}`;
      for (const jobQueue of queueReflector.list(isOperators ? undefined : inNamespace)) {
        if (!secretsNamed(jobQueue, own).includes(key)) continue;
        queueController.enqueue(objectKey(jobQueue));
        enqueuePools(jobQueue.metadata.namespace, jobQueue.metadata.name);
      }
    },
  });
  const reflectors: Reflector<KubeObject>[] = [
    queueReflector,
    poolReflector,
    deploymentReflector,
    podReflector,
    budgetReflector,
    ...provisions.reflectors,
  ];

  /** Notes which broker an object uses, so that one that nobody uses any more is closed. */
  async function onAddress(uid: string, address: BrokerAddress | undefined): Promise<void> {
    if (!addresses.note(uid, address)) return;
    await Promise.all([brokers.keepOnly(addresses.list()), drift.follow(addresses.list())]);
  }

  const drift = createDriftWatch({
    brokers,
    log,
    onChanges(changes, at) {
      const places = queueReflector.list().flatMap((jobQueue) => driftPlace(jobQueue, at));
      const { queues, users } = concernedBy(changes, places);
      for (const key of users) {
        const [jobQueue, pool] = [queueReflector.get(key), poolReflector.get(key)];
        if (jobQueue) queueReconciler.recheckCredentials(jobQueue.metadata.uid);
        if (pool) poolReconciler.recheckProvisions(pool.metadata.uid);
        if (pool) poolController.enqueue(key);
        if (jobQueue) queueController.enqueue(key);
      }
      for (const key of queues) queueController.enqueue(key);
    },
  });

  function driftPlace({ metadata, status }: JobQueue, at: readonly BrokerAddress[]): Place[] {
    const { namespace, name, uid } = metadata;
    const address = addresses.of(uid);
    if (status?.queue === undefined || address === undefined || !at.includes(address)) return [];
    return [{ key: `${namespace}/${name}`, namespace, vhost: address.vhost, queue: status.queue }];
  }

  const knownBindings = createKnownBindings();
  const queueReconciler = createJobQueueReconciler({
    client: provisions.client,
    jobQueues: queueReflector,
    sources,
    brokers,
    claims: createClaims(),
    workerPools: poolReflector,
    knownBindings,
    events,
    resyncMs,
    refreshMs,
    now,
    enqueue: (key) => queueController.enqueue(key),
    onAddress,
    lastAddress: addresses.of,
  });
  const poolReconciler = createWorkerPoolReconciler({
    client: provisions.client,
    workerPools: poolReflector,
    jobQueues: queueReflector,
    deployments: deploymentReflector,
    pods: podReflector,
    disruptionBudgets: budgetReflector,
    knownBindings,
    sources,
    brokers,
    heartbeats,
    events,
    log,
    resyncMs,
    refreshMs,
    now,
    onAddress,
    enqueue: (key) => poolController.enqueue(key),
  });

  let leads = false;
  /** A standby knows the objects as well; told of twice, each would be counted twice. */
  reportJobQueues(options.registry, () => (leads ? queueReflector.list() : []));
  reportWorkerPools(
    options.registry,
    () => (leads ? poolReflector.list() : []),
    (pool) => podReflector.indexed(objectKey(pool)),
  );
  reportBrokers(options.registry, brokers.list);
  reportPools(options.registry, () => [...poolReconciler.scalers()].flatMap((scaler) => scaler.readings() ?? []));

  const queueController = createController({
    name: "jobqueue",
    // A broker declares many queues at once, each slowly: enough passes to keep it busy (see broker/declarer.ts).
    concurrency: 32,
    reconcile: queueReconciler.reconcile,
    metrics,
    log,
  });
  const poolController = createController({
    name: "workerpool",
    concurrency: 8,
    reconcile: poolReconciler.reconcile,
    metrics,
    log,
  });

  function enqueuePools(inNamespace: string, queue: string): void {
    for (const pool of poolReflector.indexed(`${inNamespace}/${queue}`)) poolController.enqueue(objectKey(pool));
  }

  function enqueueOwner({ metadata }: KubeObject): void {
    for (const { kind, name } of metadata.ownerReferences ?? []) {
      const key = `${metadata.namespace}/${name}`;
      if (kind === "JobQueue") queueController.enqueue(key);
      if (kind === "WorkerPool") poolController.enqueue(key);
    }
  }

  let loop: AsyncDisposable | undefined;
  return {
    watch() {
      for (const reflector of reflectors) reflector.start();
    },
    awaits: () => reflectors.flatMap((reflector) => reflector.awaits()),
    async lead(signal) {
      await Promise.all(reflectors.map((reflector) => reflector.synced(signal)));
      leads = true;
      queueController.start();
      poolController.start();
      loop = startLoop({
        pools: poolReconciler.scalers,
        groupOf: ({ broker }) => broker,
        readDepths: (broker, pools) =>
          readPoolDepths(broker, pools, log, (queue) => drift.missing(broker.address, queue)),
      });
    },
    async stop() {
      leads = false;
      await Promise.all([queueController.stop(), poolController.stop(), loop?.[Symbol.asyncDispose]()]);
      await poolReconciler[Symbol.asyncDispose]();
      await heartbeats[Symbol.asyncDispose]();
      await drift[Symbol.asyncDispose]();
      await brokers[Symbol.asyncDispose]();
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await events.flush();
    },
  };
}

/** Pods change several times as they start and end; their pool looks once they have settled a little. */
const podsSettleMs = 500;
