import type { SharedRateLimit } from "@jobwright/worker-runtime/contract";
import { type JobQueue, type WorkerPool, workerPools } from "../api/objects.ts";
import type { WorkerPoolStatus } from "../api/worker-pool.ts";
import type { BrokerAddress, BrokerPool } from "../broker/index.ts";
import { generationOf, usersOf } from "../credentials/rotation.ts";
import { recordDrift } from "../drift/report.ts";
import { type AddressSources, addressOf } from "../jobqueue/address.ts";
import { refuseToWorkElsewhere } from "../jobqueue/broker-place.ts";
import { onBroker } from "../jobqueue/provision.ts";
import { deployments } from "../kinds.ts";
import type { KnownBindings } from "../known-bindings.ts";
import {
  addFinalizer,
  type EventRecorder,
  type KubeClient,
  type Logger,
  objectKey,
  type Reflector,
  removeFinalizer,
  writeStatus,
} from "../kube/index.ts";
import { createOwnWrites } from "../own-writes.ts";
import { asOne, asProblem, failureOf, Problem, retryProblemMs } from "../problem.ts";
import { createSuccessions } from "../successions.ts";
import { recordTransition } from "../transition.ts";
import { holderOf, type queuesOf } from "./claim.ts";
import { configurationHash, poolConfiguration } from "./configuration.ts";
import type { Deployment } from "./deployment.ts";
import { budgetsFor, type concernOf, type DisruptionBudget, keepDisruptionBudget } from "./disruption-budget.ts";
import type { HeartbeatHub } from "./heartbeat-hub.ts";
import { lanesOf } from "./lanes-of.ts";
import { childNames, poolFinalizer } from "./names.ts";
import { crashLoopsEndMs, type Pod, type poolsOf } from "./pods.ts";
import { createPoolUsers } from "./pool-users.ts";
import { provisionConfiguration, provisionCredentials } from "./provision.ts";
import { type PublishTo, resolvePublishTo } from "./publish-to.ts";
import type { SharedLimit } from "./rate-sharing.ts";
import { isRolledOut, poolReadiness } from "./readiness.ts";
import { createPoolScaler, type PoolScaler } from "./scaler.ts";
import type { ScalerTarget } from "./scaler-target.ts";
import { readSchedules } from "./schedules.ts";
import { type PoolFindings, poolStatus } from "./status.ts";

/** Figures in the status are refreshed at most so often, unless the number of workers changes. */
const newsIntervalMs = 3_000;

export interface WorkerPoolDependencies {
  readonly client: KubeClient;
  /** Indexed by {@link queuesOf}. */
  readonly workerPools: Reflector<WorkerPool>;
  readonly jobQueues: Reflector<JobQueue>;
  readonly deployments: Reflector<Deployment>;
  /** Indexed by {@link poolsOf}. */
  readonly pods: Reflector<Pod>;
  /** Indexed by {@link concernOf}. */
  readonly disruptionBudgets: Reflector<DisruptionBudget>;
  readonly sources: AddressSources;
  readonly brokers: BrokerPool;
  readonly heartbeats: HeartbeatHub;
  readonly knownBindings: Pick<KnownBindings, "note" | "forget">;
  readonly events: EventRecorder;
  readonly log: Logger;
  /** How often users, Secrets and the configuration are compared, even if nothing was seen to change. */
  readonly resyncMs: number;
  /** How often a stalled one is looked at again. */
  readonly refreshMs: number;
  /** The time of day, ms, by which credentials are rotated. */
  now(): number;
  /** Called when the pool's broker is known, or known to be used no more (undefined). */
  onAddress(uid: string, address: BrokerAddress | undefined): Promise<void>;
  enqueue(key: string): void;
}

export interface WorkerPoolReconciler extends AsyncDisposable {
  reconcile(key: string): Promise<{ requeueAfterMs: number } | undefined>;
  /** Looks at user, Secret and configuration in the next pass, since one of them was seen to change. */
  recheckProvisions(uid: string): void;
  /** The pools that are scaled. */
  scalers(): Iterable<PoolScaler>;
}

interface Engaged {
  readonly scaler: PoolScaler;
  readonly stopListening: () => void;
}

export function createWorkerPoolReconciler(dependencies: WorkerPoolDependencies): WorkerPoolReconciler {
  const { client, sources, brokers, heartbeats, events, log, resyncMs, refreshMs, knownBindings, onAddress, enqueue } =
    dependencies;
  const engaged = new Map<string, Engaged>();
  const writes = createOwnWrites<WorkerPool>();
  const successions = createSuccessions();
  /** By uid: when the user, Secret and configuration were last compared, and what they were made for. */
  const provisioned = new Map<string, { readonly at: number; readonly as: string }>();
  /** By key: when a pass for the sake of figures is due. */
  const newsDue = new Map<string, number>();

  const users = createPoolUsers({
    ...{ client, events, brokers, sources, observe, onAddress },
    jobQueues: dependencies.jobQueues,
    now: dependencies.now,
    writeStatus: writeNow,
  });

  function observe({ metadata }: WorkerPool) {
    const { namespace, name } = metadata;
    return {
      deployment: dependencies.deployments.get(`${namespace}/${childNames(name).deployment}`),
      pods: dependencies.pods.indexed(`${namespace}/${name}`),
    };
  }

  function onNews(key: string): void {
    // What is due later than that was noted before the clock was set back.
    if (untilNewsMs(key) <= newsIntervalMs) return;
    newsDue.set(key, Date.now() + newsIntervalMs);
    enqueue(key);
  }

  /**
   * Until when a pass must come for whatever changed since the last news: each pass asks for it, since a pass for
   * something else may have come in between and told less.
   */
  function untilNewsMs(key: string): number {
    const leftMs = (newsDue.get(key) ?? 0) - Date.now();
    return leftMs > 0 ? leftMs : Number.POSITIVE_INFINITY;
  }

  /** @throws Problem if there is no such queue, it is not on a broker yet, or another pool has it. */
  function queueOf(pool: WorkerPool): JobQueue {
    const { namespace } = pool.metadata;
    const { name } = pool.spec.queueRef;
    const holder = holderOf(name, dependencies.workerPools.indexed(`${namespace}/${name}`));
    if (holder !== undefined && holder.metadata.uid !== pool.metadata.uid) {
      throw new Problem(
        "Stalled",
        "QueueTaken",
        `WorkerPool ${objectKey(holder)} works on JobQueue ${namespace}/${name} already, and both would scale for all of it: delete one of them, or give this one a queue of its own.`,
      );
    }
    const jobQueue = dependencies.jobQueues.get(`${namespace}/${name}`);
    if (jobQueue === undefined) {
      throw new Problem(
        "Reconciling",
        "QueueNotFound",
        `JobQueue ${namespace}/${name} (spec.queueRef.name) does not exist: create it; what runs goes on until then.`,
      );
    }
    if (jobQueue.status?.queue === undefined) {
      const ready = jobQueue.status?.conditions?.find(({ type }) => type === "Ready");
      throw new Problem(
        "Reconciling",
        "QueueNotReady",
        `JobQueue ${namespace}/${name} is not on its broker yet${ready?.status === "False" ? `: ${ready.message}` : ""}`,
      );
    }
    return jobQueue;
  }

  async function targetOf(
    pool: WorkerPool,
  ): Promise<ScalerTarget & { readonly publishTo: PublishTo; readonly refused: Problem | undefined }> {
    const jobQueue = queueOf(pool);
    const queue = jobQueue.status?.queue ?? "";
    const address = await addressOf(sources, jobQueue);
    refuseToWorkElsewhere(jobQueue, address);
    users.noteAddress(pool, address);
    await onAddress(pool.metadata.uid, address);
    const broker = brokers.get(address);
    const configuration = poolConfiguration(pool, jobQueue, queue);
    const hash = configurationHash(configuration, address);
    const lanes = lanesOf(jobQueue);
    const { namespace } = pool.metadata;
    const publishTo = resolvePublishTo(pool, (name) => dependencies.jobQueues.get(`${namespace}/${name}`), address);
    const schedules = readSchedules(pool);
    const credentials = await users.record(pool, jobQueue);
    const { paused } = pool.spec;
    const as = JSON.stringify([configuration, address, lanes, publishTo.granted, credentials.user, paused]);
    const { uid } = pool.metadata;
    const before = provisioned.get(uid);
    if (before?.as !== as || Date.now() - before.at >= resyncMs) {
      // Noted before: what is seen to change during this asks for another look, and must not be forgotten for it.
      provisioned.set(uid, { at: Date.now(), as });
      try {
        await provisionCredentials(client, broker, pool, credentials, queue, lanes, publishTo.granted);
        recordDrift(events, pool, broker.userDrift.take(usersOf(credentials)));
        await provisionConfiguration(client, pool, configuration);
      } catch (error) {
        provisioned.delete(uid);
        throw error;
      }
    }
    return {
      pool,
      broker,
      onBroker: onBroker(jobQueue, queue),
      latestOnBroker: () => onBroker(dependencies.jobQueues.get(objectKey(jobQueue)) ?? jobQueue, queue),
      queues: [queue, ...besideWorkQueue(jobQueue)],
      rateLimit: sharedLimit(configuration.rateLimit),
      queuePaused: jobQueue.spec.paused,
      schedules: schedules.kept,
      keyring: jobQueue.spec.encryption?.keySecretRef.name,
      credentialsGeneration: generationOf(credentials.user),
      queueIsDeleted: jobQueue.metadata.deletionTimestamp !== undefined,
      configurationHash: hash,
      publishTo,
      refused: asOne([publishTo.refused, schedules.refused].filter((problem) => problem !== undefined)),
    };
  }

  async function engage(key: string, target: ScalerTarget): Promise<PoolScaler> {
    const before = engaged.get(key);
    if (before?.scaler.broker === target.broker) {
      await before.scaler.update(target);
      return before.scaler;
    }
    await disengage(key);
    const scaler = await createPoolScaler({ client, events, log, observe, onNews }, target);
    await scaler.update(target);
    engaged.set(key, { scaler, stopListening: heartbeats.listen(target.broker, key, scaler.receive) });
    return scaler;
  }

  async function disengage(key: string): Promise<void> {
    const { scaler, stopListening } = engaged.get(key) ?? {};
    engaged.delete(key);
    stopListening?.();
    await scaler?.[Symbol.asyncDispose]();
  }

  async function reconcilePresent(key: string, cached: WorkerPool) {
    const pool = await addFinalizer(client, workerPools, cached, poolFinalizer);
    if (pool === undefined) return undefined;
    writes.note(cached, pool);
    try {
      const { publishTo, refused, ...target } = await targetOf(pool);
      const scaler = await engage(key, target);
      // After that: where it is refused, by a policy or for want of a permission, the pool has workers all the same.
      await keepDisruptionBudget(client, pool, budgetsFor(pool, dependencies.disruptionBudgets));
      await users.retire(pool, target.broker);
      const { deployment, pods } = observe(pool);
      const report = scaler.report();
      if (isRolledOut(deployment, report)) knownBindings.note(pool.metadata.uid, target.onBroker.bindings ?? []);
      const nowMs = Date.now();
      const readiness = poolReadiness(deployment, pods, { ...report, nowMs }, refused);
      await write(pool, { readiness, deployment, pods, report, granted: publishTo.granted });
      return { requeueAfterMs: Math.min(resyncMs, crashLoopsEndMs(pods, nowMs) - nowMs) };
    } catch (error) {
      const reason = asProblem(error)?.reason;
      // A pool that may not have its queue, or has none, must not scale; one whose broker is away holds what it has.
      if (reason === "QueueTaken" || reason === "QueueNotFound") await disengage(key);
      return reportProblem(pool, error);
    }
  }

  async function reportProblem(pool: WorkerPool, error: unknown) {
    const problem = asProblem(error);
    const report = engaged.get(objectKey(pool))?.scaler.report();
    await write(pool, { ...observe(pool), readiness: failureOf(error), report });
    if (problem === undefined) throw error;
    return { requeueAfterMs: retryProblemMs(problem, refreshMs) };
  }

  /** The pods go first, and their user on the broker last: until then they may be finishing jobs. */
  async function reconcileDeleted(key: string, pool: WorkerPool) {
    if (!pool.metadata.finalizers?.includes(poolFinalizer)) return undefined;
    await disengage(key);
    const { namespace, uid } = pool.metadata;
    const { deployment, pods } = observe(pool);
    const orphaned = deployment !== undefined && !isOwnedBy(deployment, uid);
    if (deployment !== undefined && !orphaned) {
      const { name, uid: deploymentUid } = deployment.metadata;
      await client.delete(deployments, name, namespace, { uid: deploymentUid, propagationPolicy: "Background" });
    }
    const leaving = orphaned ? [] : pods;
    if ((deployment !== undefined && !orphaned) || leaving.length > 0) {
      const message = `${leaving.length} workers finish what they run, for at most drainTimeout ${pool.spec.drainTimeout}`;
      await write(pool, { readiness: { state: "Reconciling", reason: "Draining", message }, deployment, pods });
      return { requeueAfterMs: 1_000 };
    }
    try {
      // Orphaned on purpose (--cascade=orphan), the workers go on, and need their user.
      if (!orphaned) await users.remove(pool);
    } catch (error) {
      return reportProblem(pool, error);
    }
    await removeFinalizer(client, workerPools, pool, poolFinalizer);
    await forget(key, uid);
    return undefined;
  }

  async function forget(key: string, uid: string): Promise<void> {
    await disengage(key);
    provisioned.delete(uid);
    knownBindings.forget(uid);
    users.forget(uid);
    newsDue.delete(key);
    writes.forget(uid);
    await onAddress(uid, undefined);
  }

  async function write(pool: WorkerPool, found: PoolFindings): Promise<void> {
    await writeNow(pool, poolStatus(pool, found, new Date()));
  }

  async function writeNow(before: WorkerPool, found: WorkerPoolStatus): Promise<void> {
    // The pass may have written once already.
    const pool = writes.latest(before);
    const status = users.recordedIn(pool, found);
    if (await writeStatus(client, workerPools, pool, status)) {
      writes.note(pool, { ...pool, status });
      recordTransition(events, pool, status.conditions ?? []);
    }
  }

  return {
    async reconcile(key) {
      const cached = dependencies.workerPools.get(key);
      const gone = successions.note(key, cached?.metadata.uid);
      if (gone !== undefined) await forget(key, gone);
      if (cached === undefined) return undefined;
      const pool = writes.latest(cached);
      if (pool.metadata.deletionTimestamp !== undefined) return reconcileDeleted(key, pool);
      const next = await reconcilePresent(key, pool);
      return next && { requeueAfterMs: Math.min(next.requeueAfterMs, untilNewsMs(key)) };
    },
    recheckProvisions(uid) {
      provisioned.delete(uid);
    },
    scalers: () => [...engaged.values()].map(({ scaler }) => scaler),
    async [Symbol.asyncDispose]() {
      await Promise.all([...engaged.keys()].map(disengage));
    },
  };
}

/** Where jobs wait beside the work queue. */
function besideWorkQueue({ status: { lanes = [], returns } = {} }: JobQueue): string[] {
  return [...lanes, ...(returns === undefined ? [] : [returns])].map(({ queue }) => queue);
}

function sharedLimit(limit: SharedRateLimit | undefined): SharedLimit | undefined {
  return limit && { jobsPerSecond: (limit.jobs * 1000) / limit.perMs, shares: limit.shares };
}

function isOwnedBy({ metadata }: Deployment, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}
