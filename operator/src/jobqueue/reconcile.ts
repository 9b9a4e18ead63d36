import { type JobQueue, jobQueues, type WorkerPool } from "../api/objects.ts";
import { type BrokerAddress, BrokerError, type BrokerPool, ensureTopology } from "../broker/index.ts";
import type { KnownBindings } from "../known-bindings.ts";
import {
  addFinalizer,
  type EventRecorder,
  type KubeClient,
  type Reflector,
  removeFinalizer,
  writeStatus,
} from "../kube/index.ts";
import { createOwnWrites } from "../own-writes.ts";
import { asProblem, failureOf, Problem, retryProblemMs } from "../problem.ts";
import { createSuccessions } from "../successions.ts";
import { recordTransition } from "../transition.ts";
import { holderOf } from "../workerpool/claim.ts";
import { type AddressSources, addressOf } from "./address.ts";
import { refuseMove, refuseToDeleteElsewhere } from "./broker-place.ts";
import { createNameClaims, nameAt } from "./claim-names.ts";
import type { Claims } from "./claims.ts";
import { addressBefore, cleanUp, isBeyondCleaning, type QuietSince } from "./deletion.ts";
import { eventBindingsOf, refuseLeftSources, refuseSources } from "./event-bindings.ts";
import { createProducersKeeper } from "./keep-producers.ts";
import { checkKeyring } from "./keyring.ts";
import { type LaneQuietSince, leavingOf, retireLanes } from "./leaving-lanes.ts";
import { refuseLongNames } from "./name-length.ts";
import { queueFinalizer, resolvedName } from "./names.ts";
import { withPaused } from "./paused.ts";
import { describeProvision, onBroker } from "./provision.ts";
import { recordChanges, recordMove } from "./record-changes.ts";
import { schemasOf } from "./schemas.ts";
import { type Place, problemStatus, provisionedStatus } from "./status.ts";

/** How soon lanes that leave, and bindings that wait for workers, are looked at again. */
const removingMs = 1_000;

export interface JobQueueDependencies {
  readonly client: KubeClient;
  /** Indexed by the names of their queues (`queuesInStatus`). */
  readonly jobQueues: Reflector<JobQueue>;
  readonly sources: AddressSources;
  readonly brokers: BrokerPool;
  readonly claims: Claims;
  readonly events: EventRecorder;
  /** How often users and Secrets are compared, even if nothing was seen to change. */
  readonly resyncMs: number;
  /** How often counts are refreshed, the topology is compared with one listing of the vhost, and a stalled one is looked at again. */
  readonly refreshMs: number;
  /** The time of day, ms, by which credentials are rotated. */
  now(): number;
  /** Indexed by the JobQueues that they name (`queuesOf`). */
  readonly workerPools: Reflector<WorkerPool>;
  readonly knownBindings: Pick<KnownBindings, "knows">;
  /** Asks for another JobQueue's pass. */
  enqueue(key: string): void;
  /** Called when a JobQueue's broker is known, or known to be used no more (undefined). */
  onAddress(uid: string, address: BrokerAddress | undefined): Promise<void>;
  /** The broker that was last known to this process to be the JobQueue's. */
  lastAddress(uid: string): BrokerAddress | undefined;
}

export interface JobQueueReconciler {
  reconcile(key: string): Promise<{ requeueAfterMs: number } | undefined>;
  /** Looks at users and Secrets in the next pass, since one of the JobQueue's Secrets changed. */
  recheckCredentials(uid: string): void;
}

export function createJobQueueReconciler(dependencies: JobQueueDependencies): JobQueueReconciler {
  const { client, sources, brokers, events, resyncMs, refreshMs, onAddress } = dependencies;
  const names = createNameClaims(dependencies);
  const quietSince: QuietSince = new Map();
  /** By uid, and of the address at which they were seen. */
  const lanesSeen = new Map<string, { readonly at: string; readonly quietSince: LaneQuietSince }>();
  /** By uid: the generation that was last brought to the broker by this process. */
  const ensuredFor = new Map<string, number>();
  const writes = createOwnWrites<JobQueue>();
  const successions = createSuccessions();
  const producers = createProducersKeeper({
    ...{ client, events, resyncMs },
    now: dependencies.now,
    writeStatus: write,
  });

  async function provision(jobQueue: JobQueue, onPlaced: (place: Place) => void) {
    const { uid, generation } = jobQueue.metadata;
    const address = await addressOf(sources, jobQueue);
    refuseMove(jobQueue, address);
    await onAddress(uid, address);
    const name = resolvedName(jobQueue);
    refuseLongNames(jobQueue, name);
    await names.claimAll(jobQueue, address, name);
    const others = jobQueue.spec.bindings?.length ? dependencies.jobQueues.list() : [];
    refuseSources(jobQueue, { ...address, name }, others, jobQueue.spec.broker === undefined);
    const broker = brokers.get(address);
    const notBeforeMs = lastRefreshMs(refreshMs, Date.now());
    if (jobQueue.spec.broker === undefined && jobQueue.spec.bindings !== undefined) {
      await broker.features();
      refuseLeftSources(jobQueue, (await broker.observe({ notBeforeMs })).policies);
    }
    const wanted = { ...onBroker(jobQueue, name), holdsBindings: holdsBindings(jobQueue) };
    const ensured = await ensureTopology(broker, wanted, { notBeforeMs });
    const lanes = [...ensured.lanes.serving, ...ensured.lanes.leaving];
    const place = {
      ...{ name, broker: address, vhost: address.vhost, lanes: lanes.map((lane) => ({ lane })) },
      returns: ensured.returns && {},
    };
    onPlaced(place);
    recordMove(events, jobQueue, address);
    recordChanges(events, jobQueue, name, ensured, ensuredFor.get(uid));
    ensuredFor.set(uid, generation);
    const seen = lanesSeenAt(uid, nameAt(address, name));
    const leaving = await retireLanes(broker, name, leavingOf(ensured), seen, Date.now);
    await producers.keep(jobQueue, broker, place);
    schemasOf(jobQueue);
    await checkKeyring(sources.readSecret, jobQueue);
    return describeProvision(broker, jobQueue, name, ensured, leaving);
  }

  /** Whether the workers are yet to learn of bindings. */
  function holdsBindings(jobQueue: JobQueue): boolean {
    const { name, namespace } = jobQueue.metadata;
    const pool = holderOf(name, dependencies.workerPools.indexed(`${namespace}/${name}`));
    return pool !== undefined && !dependencies.knownBindings.knows(pool.metadata.uid, eventBindingsOf(jobQueue));
  }

  function lanesSeenAt(uid: string, at: string): LaneQuietSince {
    const before = lanesSeen.get(uid);
    if (before?.at === at) return before.quietSince;
    const quietSince: LaneQuietSince = new Map();
    lanesSeen.set(uid, { at, quietSince });
    return quietSince;
  }

  async function reconcilePresent(cached: JobQueue) {
    const jobQueue = await addFinalizer(client, jobQueues, cached, queueFinalizer);
    if (jobQueue === undefined) return undefined;
    writes.note(cached, jobQueue);
    // Once something is on the broker, the status says so whatever fails after it: a deletion must find it again.
    let place: Place | undefined;
    try {
      const found = await provision(jobQueue, (placed) => {
        place = placed;
      });
      await write(jobQueue, provisionedStatus(jobQueue, found, new Date()));
      const isRemoving = [...found.lanes, found.returns].some((one) => one?.removing !== undefined);
      const isHeld = (found.bindings?.held.length ?? 0) > 0;
      return { requeueAfterMs: isRemoving || isHeld ? removingMs : nextRefreshMs(refreshMs, Date.now()) };
    } catch (error) {
      return reportProblem(jobQueue, error, place);
    }
  }

  async function reconcileDeleted(jobQueue: JobQueue) {
    const { uid, finalizers } = jobQueue.metadata;
    if (!finalizers?.includes(queueFinalizer)) return undefined;
    try {
      // What was never put on the broker in this JobQueue's name may be another's.
      if (jobQueue.status?.queue !== undefined) {
        await clean(jobQueue, jobQueue.status.queue);
      }
    } catch (error) {
      if (!isBeyondCleaning(error, jobQueue)) return reportProblem(jobQueue, withWayOut(error));
      const why = error instanceof Error ? error.message : String(error);
      events.record(jobQueue, "Warning", "LeftOnBroker", `deleted without cleaning the broker: ${why}`);
    }
    await removeFinalizer(client, jobQueues, jobQueue, queueFinalizer);
    await forget(uid);
    return undefined;
  }

  async function clean(jobQueue: JobQueue, name: string): Promise<void> {
    const { uid } = jobQueue.metadata;
    let gone: unknown;
    const address = await addressOf(sources, jobQueue).catch((error: unknown) => {
      gone = error;
      const before = addressBefore(error, jobQueue, dependencies.lastAddress(uid));
      if (before === undefined) throw error;
      return before;
    });
    refuseToDeleteElsewhere(jobQueue, address);
    await onAddress(uid, address);
    // Its broker may have been changed to one where another has the name.
    await names.claim(jobQueue, address, name);
    try {
      await cleanUp(brokers.get(address), jobQueue, name, quietSince, Date.now());
    } catch (error) {
      throw gone ?? error;
    }
  }

  async function reportProblem(jobQueue: JobQueue, error: unknown, place?: Place) {
    const problem = asProblem(error);
    await write(jobQueue, problemStatus(jobQueue, failureOf(error), new Date(), place));
    if (problem === undefined) throw error;
    return { requeueAfterMs: retryProblemMs(problem, refreshMs) };
  }

  async function write(before: JobQueue, found: NonNullable<JobQueue["status"]>): Promise<void> {
    // The pass may have written once already.
    const jobQueue = writes.latest(before);
    const status = producers.record(jobQueue, withPaused(jobQueue, found, new Date()));
    if (await writeStatus(client, jobQueues, jobQueue, status)) {
      writes.note(jobQueue, { ...jobQueue, status });
      recordTransition(events, jobQueue, status.conditions ?? []);
    }
  }

  async function forget(uid: string): Promise<void> {
    quietSince.delete(uid);
    lanesSeen.delete(uid);
    writes.forget(uid);
    ensuredFor.delete(uid);
    producers.forget(uid);
    await onAddress(uid, undefined);
    names.release(uid);
  }

  return {
    async reconcile(key) {
      const cached = dependencies.jobQueues.get(key);
      // What the one before still claims would be refused to its successor of the same name.
      const gone = successions.note(key, cached?.metadata.uid);
      if (gone !== undefined) await forget(gone);
      if (cached === undefined) return undefined;
      const jobQueue = writes.latest(cached);
      return jobQueue.metadata.deletionTimestamp === undefined
        ? reconcilePresent(jobQueue)
        : reconcileDeleted(jobQueue);
    },
    recheckCredentials: producers.recheck,
  };
}

/** A deletion that waits for its broker says how to let go. */
function withWayOut(error: unknown): unknown {
  const problem = asProblem(error);
  if (problem === undefined || !(error instanceof BrokerError)) return error;
  const message = `${error.message}. The deletion waits for it: set deletionPolicy to Retain to leave what is there.`;
  return new Problem(problem.state, problem.reason, message, { cause: error });
}

/** Whatever was changed before a refresh is found by it: it looks at no listing from before. */
function lastRefreshMs(refreshMs: number, now: number): number {
  return now - (now % refreshMs);
}

/** All JobQueues are looked at in the same second, so that those of one vhost share its listing. */
function nextRefreshMs(refreshMs: number, now: number): number {
  return refreshMs - (now % refreshMs);
}
