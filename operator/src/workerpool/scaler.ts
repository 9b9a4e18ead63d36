import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import type { WorkerPool } from "../api/objects.ts";
import type { Decision } from "../api/worker-pool.ts";
import type { Scaled } from "../autoscaling/loop.ts";
import {
  adoptReplicas,
  type PoolDecision,
  type PoolMeasurements,
  type PoolState,
  startPool,
  stepPool,
} from "../autoscaling/pool.ts";
import { type Broker, type JobQueueOnBroker, readDepth } from "../broker/index.ts";
import { type EventRecorder, type KubeClient, type Logger, objectKey } from "../kube/index.ts";
import type { Deployment } from "./deployment.ts";
import { createDeploymentWriter } from "./deployment-writer.ts";
import { type DrainPlan, planDrain } from "./drain.ts";
import { carryOut } from "./drain-actions.ts";
import { isOfSeveralTemplates, type Pod, podView, workerOf } from "./pods.ts";
import { scalingSettings } from "./settings.ts";
import { createWakeUp } from "./wake-up.ts";

/** After a push, the depth grows while the burst still comes in: looked at sooner than the next second. */
const afterWakeMs = [100, 300];

/** What a pass of the controller found for the scaler to work with. */
export interface ScalerTarget {
  readonly pool: WorkerPool;
  readonly broker: Broker;
  /** The JobQueue as it is on the broker. */
  readonly onBroker: JobQueueOnBroker;
  /** The JobQueue is being deleted: nothing of it may be made anew. */
  readonly queueIsDeleted: boolean;
  readonly configurationHash: string;
}

export interface ScalerDependencies {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly log: Logger;
  /** From the caches. */
  observe(pool: WorkerPool): { readonly deployment: Deployment | undefined; readonly pods: readonly Pod[] };
  /** The status has something new to say. */
  onNews(key: string): void;
}

/** What the status says of scaling. */
export interface ScalerReport {
  readonly desiredReplicas: number;
  readonly decision: Decision | undefined;
  readonly measurements: PoolMeasurements | undefined;
}

/** Scales one pool: takes the figures in, decides, and carries out what the drain plan allows. */
export interface PoolScaler extends Scaled, AsyncDisposable {
  readonly broker: Broker;
  readonly queue: string;
  /** Takes over what the controller found, and brings the Deployment up to it. Throws what the API server refuses. */
  update(target: ScalerTarget): Promise<void>;
  receive(heartbeat: Heartbeat): void;
  report(): ScalerReport;
}

export function createPoolScaler(dependencies: ScalerDependencies, first: ScalerTarget): PoolScaler {
  const { client, events, log, observe, onNews } = dependencies;
  const key = objectKey(first.pool);
  let target = first;
  let replicas = initialReplicas(first.pool, observe(first.pool).deployment);
  let state: PoolState = startPool({
    nowMs: Date.now(),
    currentReplicas: replicas,
    kept: first.pool.status?.measured ?? {},
  });
  let inbox: { heartbeat: Heartbeat; heardAtMs: number }[] = [];
  let uncordonedAtMs: DrainPlan["uncordonedAtMs"] = new Map();
  /** The last write failed: it is due again, though the number is the same. */
  let unwritten = false;
  let woken = false;
  let stepping: Promise<void> | undefined;
  let disposed = false;
  let decision = first.pool.status?.decision;
  let measurements: PoolMeasurements | undefined;
  const timers = new Set<NodeJS.Timeout>();

  const writer = createDeploymentWriter(client, () => ({
    pool: target.pool,
    configurationHash: target.configurationHash,
    replicas,
  }));
  const wakeUp = createWakeUp({
    onWake() {
      woken = true;
      tickSoon(0);
      for (const delayMs of afterWakeMs) tickSoon(delayMs);
    },
    onError: (error) => log.debug({ pool: key, err: error }, "the wake queue is not there; the poll still is"),
  });

  function tickSoon(delayMs: number): void {
    const timer = setTimeout(async () => {
      timers.delete(timer);
      await stepping;
      const depth = await readDepth(target.broker.connection, target.onBroker.name).catch(() => undefined);
      await tick(Date.now(), depth?.ready);
    }, delayMs);
    timers.add(timer);
  }

  function tick(nowMs: number, backlogReady: number | undefined): Promise<void> {
    if (disposed || stepping !== undefined) return stepping ?? Promise.resolve();
    stepping = step(nowMs, backlogReady)
      .catch((error: unknown) => log.warn({ pool: key, err: error }, "a scaling step failed; the next one tries again"))
      .finally(() => {
        stepping = undefined;
      });
    return stepping;
  }

  async function step(nowMs: number, backlogReady: number | undefined): Promise<void> {
    const { pool, broker } = target;
    const observed = observe(pool);
    const heartbeats = inbox;
    inbox = [];
    const wake = woken;
    woken = false;
    const next = stepPool(state, {
      nowMs,
      settings: scalingSettings(pool.spec),
      backlogReady,
      wake,
      heartbeats,
      pods: observed.pods.map(podView),
    });
    const desired = desiredReplicas(pool, next.decision, replicas);
    const before = state.replicas;
    state = pool.spec.scaling.mode === "Auto" ? next.state : adoptReplicas(next.state, nowMs, desired);
    noteDecision(before, desired, next.decision, new Date(nowMs));
    noteMeasurements(next.measurements);

    const plan = planDrain({
      nowMs,
      workers: observed.pods.map((pod) => workerOf(pod, next.reports.get(pod.metadata.name))),
      currentReplicas: replicas,
      desiredReplicas: desired,
      rolloutInProgress: writer.isTemplatePending(observed.deployment) || isOfSeveralTemplates(observed.pods),
      uncordonedAtMs,
    });
    uncordonedAtMs = plan.uncordonedAtMs;
    if (plan.replicas !== replicas || unwritten) {
      replicas = plan.replicas;
      unwritten = true;
      onNews(key);
      await writer.write(observed.deployment);
      unwritten = false;
    }
    await carryOut({ client, broker, log }, pool, plan);
    const asleep = replicas === 0 && desired === 0 && pool.spec.scaling.mode === "Auto" && !target.queueIsDeleted;
    wakeUp.arm(asleep ? { broker, ...target.onBroker } : undefined);
  }

  function noteDecision(from: number, to: number, auto: PoolDecision, at: Date): void {
    if (from === to) return;
    const manual = target.pool.spec.scaling.mode === "Manual";
    const message = manual ? `${from} → ${to} workers: spec.replicas, in Manual mode` : auto.message;
    const time = at.toISOString().replace(/\.\d{3}Z$/, "Z");
    decision = { time, replicas: to, reason: manual ? "Manual" : auto.reason, message };
    events.record(target.pool, "Normal", to > from ? "ScaledUp" : "ScaledDown", message);
    onNews(key);
  }

  function noteMeasurements(next: PoolMeasurements): void {
    const changed = next.busy !== measurements?.busy || next.backlog !== measurements.backlog;
    measurements = next;
    if (changed) onNews(key);
  }

  return {
    get broker() {
      return target.broker;
    },
    get queue() {
      return target.onBroker.name;
    },
    tick,
    async update(next) {
      target = next;
      await writer.write(observe(next.pool).deployment);
    },
    receive(heartbeat) {
      inbox.push({ heartbeat, heardAtMs: Date.now() });
    },
    report: () => ({ desiredReplicas: replicas, decision, measurements }),
    async [Symbol.asyncDispose]() {
      disposed = true;
      for (const timer of timers) clearTimeout(timer);
      await stepping;
      await wakeUp[Symbol.asyncDispose]();
    },
  };
}

function initialReplicas({ spec }: WorkerPool, deployment: Deployment | undefined): number {
  return deployment?.spec.replicas ?? (spec.scaling.mode === "Manual" ? (spec.replicas ?? 0) : spec.minReplicas);
}

function desiredReplicas({ spec }: WorkerPool, auto: PoolDecision, current: number): number {
  if (spec.scaling.mode === "Auto") return auto.replicas;
  // Manual without a number: whatever there was when the mode was set.
  return spec.replicas ?? current;
}
