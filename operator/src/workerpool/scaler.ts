import { isDeepStrictEqual } from "node:util";
import { type Heartbeat, parseDuration } from "@jobwright/worker-runtime/contract";
import type { WorkerPool } from "../api/objects.ts";
import type { Scaled } from "../autoscaling/loop.ts";
import { type PoolStep, stepPool } from "../autoscaling/pool.ts";
import { adoptReplicas, isAhead, type PoolState, startPool } from "../autoscaling/pool-state.ts";
import { type Floor, floorAt } from "../autoscaling/schedule.ts";
import type { WorkerReport } from "../autoscaling/signals.ts";
import { mayBeListed, mayRest, nextLookMs } from "../autoscaling/sleeping.ts";
import type { Broker } from "../broker/index.ts";
import { type EventRecorder, type KubeClient, type Logger, objectKey } from "../kube/index.ts";
import { createAlarms } from "./alarms.ts";
import { isBehind, isBelievable } from "./believable.ts";
import { createDecisions } from "./decisions.ts";
import { type Deployment, mayBeReadyWhenDrained } from "./deployment.ts";
import { createDeploymentWriter } from "./deployment-writer.ts";
import { type PoolDepth, readPoolDepths } from "./depths.ts";
import { type DrainPlan, planDrain } from "./drain.ts";
import { carryOut } from "./drain-actions.ts";
import { createEvictionGuards } from "./eviction-guard.ts";
import { keptOf } from "./kept.ts";
import { desiredReplicas, initialReplicas, mannerOf } from "./manner.ts";
import { observePausing, type Pausing, tellPausing } from "./pausing.ts";
import { isThere, type Pod, podView, workerOf } from "./pods.ts";
import { createRateSharing } from "./rate-sharing.ts";
import type { PoolReadings } from "./readings.ts";
import { isRolloutInProgress } from "./rollout.ts";
import type { ScalerReport } from "./scaler-report.ts";
import { decidesBy, type ScalerTarget } from "./scaler-target.ts";
import { createServedFigures } from "./served-figures.ts";
import { scalingSettings } from "./settings.ts";
import { shortageOf } from "./shortage.ts";
import { createWakeUp } from "./wake-up.ts";

/**
 * A push asks for one worker at once, and how many more is decided when it has started, or so much later: the rest of a
 * burst has come in by then. Where all share a node's CPU, the first would otherwise start as late as they do.
 */
const gatherMs = 1_000;
/** What a push says of the queue. */
const pushed: PoolDepth = { ready: 1, consumers: 0 };

/** What there is of a pool. */
interface Observed {
  readonly deployment: Deployment | undefined;
  readonly pods: readonly Pod[];
}

type Reports = ReadonlyMap<string, WorkerReport>;

export interface ScalerDependencies {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly log: Logger;
  /** From the caches. */
  observe(pool: WorkerPool): Observed;
  /** The status has something new to say. */
  onNews(key: string): void;
}

/** Scales one pool: takes the figures in, decides, and carries out what the drain plan allows. */
export interface PoolScaler extends Scaled<PoolDepth>, AsyncDisposable {
  readonly broker: Broker;
  readonly queues: readonly [string, ...string[]];
  /** At zero, and a figure that is some seconds old will do to see that nothing has come. */
  readonly mayBeListed: boolean;
  /** Takes over what the controller found, and brings the Deployment up to it. Throws what the API server refuses. */
  update(target: ScalerTarget): Promise<void>;
  receive(heartbeat: Heartbeat): void;
  report(): ScalerReport;
  /** What the last step saw and came to; undefined before the first. */
  readings(): PoolReadings | undefined;
}

/**
 * Makes the scaler of a pool that starts from its Deployment as it is.
 *
 * @throws Problem DeploymentTaken; ApiError if the API server does not answer.
 */
export async function createPoolScaler(dependencies: ScalerDependencies, first: ScalerTarget): Promise<PoolScaler> {
  const { client, events, log, observe, onNews } = dependencies;
  const key = objectKey(first.pool);
  const about = { namespace: first.pool.metadata.namespace, pool: first.pool.metadata.name };
  let target = first;
  /** The newest target whose pod template the API server has taken, or the first. */
  let templated = first;
  let replicas = initialReplicas(first.pool.spec);
  let manner = mannerOf(first.pool.spec);
  const writer = createDeploymentWriter(
    client,
    () => ({
      pool: templated.pool,
      configurationHash: templated.configurationHash,
      keyring: templated.keyring,
      credentialsGeneration: templated.credentialsGeneration,
      replicas,
    }),
    (found, ours) =>
      events.record(
        target.pool,
        "Warning",
        "ScaledByOthers",
        `somebody else set the Deployment's replicas to ${found}, which are ${ours} again: fewer end workers at their work. Remove what scales the Deployment (a HorizontalPodAutoscaler, KEDA), or pause the pool while you do`,
      ),
  );
  // Caches may be from before another leader's last change: what they say of replicas must not be applied.
  const live = await writer.readLive();
  replicas = live?.spec.replicas ?? replicas;
  let awaited = live;
  let state: PoolState = startPool({
    nowMs: Date.now(),
    currentReplicas: replicas,
    kept: keptOf(first.pool, Date.now()),
  });
  let inbox: { heartbeat: Heartbeat; heardAtMs: number }[] = [];
  let uncordonedAtMs: DrainPlan["uncordonedAtMs"] = new Map();
  /** The last write failed: it is due again, though the number is the same. */
  let unwritten = false;
  let woken = false;
  /** The next second's look is left out: a pool that sleeps is looked at more seldom, one that was just woken is yet to gather. */
  let sleepsUntilMs = 0;
  let gathersUntilMs = 0;
  /** The last step saw no pod, and nobody who counts one. */
  let isEmpty = false;
  let stepping: Promise<void> | undefined;
  let disposed = false;
  const rates = createRateSharing(log);
  const served = createServedFigures(log);
  const guards = createEvictionGuards({ client, log });
  const decisions = createDecisions(events, first.pool.status);
  const alarms = createAlarms(events, first.pool.status?.conditions);
  let floor: Floor | undefined;
  /** What the last step saw and came to. */
  let last: Pick<PoolReadings, "settings" | "decision" | "measurements" | "replicas" | "readyReplicas"> | undefined;
  let pausing: Pausing | undefined;
  const timers = new Set<NodeJS.Timeout>();

  const wakeUp = createWakeUp(
    {
      onWake() {
        woken = true;
        sleepsUntilMs = 0;
        gathersUntilMs = Date.now() + gatherMs;
        tickSoon(0, pushed);
        tickSoon(gatherMs);
      },
      onError: (error) => log.debug({ ...about, err: error }, "the wake queue is not there; the poll still is"),
    },
    () => target.latestOnBroker(),
  );

  function tickSoon(delayMs: number, known?: PoolDepth): void {
    const timer = setTimeout(async () => {
      timers.delete(timer);
      await stepping;
      const depth = known ?? (await readPoolDepths(target.broker, [scaler], log)).get(scaler);
      await tick(Date.now(), depth);
    }, delayMs);
    timers.add(timer);
  }

  function tick(nowMs: number, depth: PoolDepth | undefined): Promise<void> {
    if (disposed || stepping !== undefined) return stepping ?? Promise.resolve();
    stepping = step(nowMs, depth)
      .catch((error: unknown) => log.warn({ ...about, err: error }, "a scaling step failed; the next one tries again"))
      .finally(() => {
        stepping = undefined;
      });
    return stepping;
  }

  async function step(nowMs: number, depth: PoolDepth | undefined): Promise<void> {
    const observed = observe(target.pool);
    // Caches from before the Deployment as it was found would have us plan for pods of the past.
    if (awaited !== undefined && isBehind(observed.deployment, awaited)) return;
    awaited = undefined;
    if (sleepsOn(observed, depth, nowMs)) {
      // Of pods that are gone.
      inbox = [];
      return rest(depth, nowMs);
    }
    const { desired, reports } = decideOn(observed, depth, nowMs);
    isEmpty = observed.pods.length === 0 && last?.readyReplicas === 0;
    await follow(observed, desired, reports, nowMs);
    const sleeps = replicas === 0 && desired === 0 && manner === "Auto";
    const asleep = sleeps && !target.queuePaused && !target.queueIsDeleted;
    wakeUp.arm(asleep ? { broker: target.broker, ...target.onBroker } : undefined);
    if (asleep) rest(depth, nowMs);
    else sleepsUntilMs = 0;
  }

  /** It was asleep and nothing has come since: there is nothing to decide, for a thousand pools each some seconds. */
  function sleepsOn({ pods }: Observed, depth: PoolDepth | undefined, nowMs: number): boolean {
    const nothingCame = sleepsUntilMs > 0 && depth?.ready === 0 && !woken && isEmpty && pods.length === 0;
    const nothingIsLeft = replicas === 0 && !unwritten;
    const nothingIsDue = alarms.now.length === 0 && floor !== undefined && nowMs < floor.untilMs;
    return nothingCame && nothingIsLeft && nothingIsDue && !isAhead(state, nowMs);
  }

  function rest(depth: PoolDepth | undefined, nowMs: number): void {
    const targetWaitMs = parseDuration(target.pool.spec.scaling.targetWait);
    const lookMs = nextLookMs(nowMs, { targetWaitMs, listed: depth?.listed ?? false, chance: Math.random() });
    sleepsUntilMs = Math.min(lookMs, floor?.untilMs ?? nowMs);
  }

  /** Takes in what is known, decides, and tells what is new. */
  function decideOn(observed: Observed, depth: PoolDepth | undefined, nowMs: number) {
    const { pool } = target;
    const heartbeats = inbox;
    inbox = [];
    const wake = woken;
    woken = false;
    takeManner(pool, observed.deployment, nowMs);
    if (floor === undefined || nowMs >= floor.untilMs || isAhead(state, nowMs))
      floor = floorAt(target.schedules, nowMs);
    const settings = scalingSettings(pool.spec, {
      jobsPerSecond: target.rateLimit?.jobsPerSecond,
      paused: target.queuePaused,
      floor,
    });
    const next = stepPool(state, {
      nowMs,
      settings,
      backlogReady: isBelievable(depth, state, nowMs) ? depth?.ready : undefined,
      wake,
      heartbeats,
      pods: observed.pods.map(podView),
      shortage: shortageOf(observed.deployment, observed.pods, replicas, nowMs),
      served: served.step(target, state.withoutRuntime.pods.size > 0, nowMs),
    });
    const { decision, measurements } = next;
    const desired = desiredReplicas(pool.spec, { decided: decision.replicas, current: replicas });
    const from = state.replicas;
    const isOwn = manner === "Auto" || manner === "Recommend";
    state = isOwn ? next.state : adoptReplicas(next.state, nowMs, desired);
    if (decisions.note(pool, { from, to: state.replicas, auto: decision, current: desired, nowMs })) onNews(key);
    if (alarms.note(pool, decision, nowMs)) onNews(key);
    if (isShownAnew(last, next)) onNews(key);
    const { deployment, pods } = observed;
    const there = { replicas: pods.filter(isThere).length, readyReplicas: deployment?.status?.readyReplicas ?? 0 };
    last = { settings, decision, measurements, ...there };
    return { desired, reports: next.reports };
  }

  /** Brings the workers nearer to the number desired, and tells them what they should know. */
  async function follow(observed: Observed, desired: number, reports: Reports, nowMs: number): Promise<void> {
    const { pool, broker } = target;
    const plan = planDrain({
      nowMs,
      workers: observed.pods.map((pod) => workerOf(pod, reports.get(pod.metadata.name))),
      currentReplicas: replicas,
      // No worker is one too many in a paused pool, whatever the caches say: those on their way out come back.
      desiredReplicas: manner === "Paused" ? Math.max(desired, observed.pods.length) : desired,
      rolloutInProgress: isRolloutInProgress(
        observed.deployment,
        observed.pods,
        writer.isTemplatePending(observed.deployment),
      ),
      uncordonedAtMs,
      mayBeReadyWhenDrained: mayBeReadyWhenDrained(pool),
      ...(state.withoutRuntime.quiet && { quiet: state.withoutRuntime.pods }),
    });
    uncordonedAtMs = plan.uncordonedAtMs;
    // Before any write: the broker may be well while the API server is not, and a worker that is needed waits for this.
    const told = carryOut({ client, broker, log }, pool, plan);
    const shared = rates.step({
      ...{ broker, pool, limit: target.rateLimit, reports },
      ...{ pods: observed.pods.map(podView), desired: Math.max(desired, plan.replicas) },
    });
    const paused = tellPausing({ broker, log }, pool, notePausing(observed.pods, reports));
    if (manner !== "Paused" && (plan.replicas !== replicas || unwritten)) {
      replicas = plan.replicas;
      unwritten = true;
      onNews(key);
      await writer.write(observed.deployment);
      unwritten = false;
    }
    await Promise.all([told, shared, paused, guards.step(pool, observed.pods, reports, nowMs)]);
  }

  /** What was only recommended was not done, and while a pool is paused others may set the number: the rest goes on from what is. */
  function takeManner({ spec }: WorkerPool, deployment: Deployment | undefined, nowMs: number): void {
    const before = manner;
    manner = mannerOf(spec);
    if (manner === "Paused") replicas = deployment?.spec.replicas ?? replicas;
    if (before === "Recommend" && manner !== before) state = adoptReplicas(state, nowMs, replicas);
  }

  function notePausing(pods: readonly Pod[], reports: Reports): Pausing {
    const { queuePaused } = target;
    const next = observePausing(queuePaused, pods.map(podView), reports);
    const told = queuePaused || next.yet.length > 0 ? next : undefined;
    const isNews = !isDeepStrictEqual(told, pausing);
    pausing = told;
    if (isNews) onNews(key);
    return next;
  }

  const scaler: PoolScaler = {
    get broker() {
      return target.broker;
    },
    get queues() {
      return target.queues;
    },
    get mayBeListed() {
      return sleepsUntilMs > 0 && mayBeListed(parseDuration(target.pool.spec.scaling.targetWait));
    },
    isDue: (nowMs) => !mayRest(nowMs, Math.max(sleepsUntilMs, gathersUntilMs)) || isAhead(state, nowMs),
    tick,
    async update(next) {
      // Workers need not wait for the next second to be told, nor a pool at zero to be woken.
      if (next.queuePaused !== target.queuePaused) tickSoon(0);
      if (!isDeepStrictEqual(decidesBy(next), decidesBy(target))) {
        floor = undefined;
        sleepsUntilMs = 0;
      }
      target = next;
      const { deployment } = observe(next.pool);
      if (next.pool.spec.paused) return writer.pause(deployment);
      const before = templated;
      templated = next;
      try {
        await writer.write(deployment);
      } catch (error) {
        // Scaling goes on with the template that was taken.
        templated = before;
        throw error;
      }
    },
    receive(heartbeat) {
      const heardAtMs = Date.now();
      inbox.push({ heartbeat, heardAtMs });
      if (heartbeat.state !== "Running" || heardAtMs >= gathersUntilMs) return;
      // The first worker is there: the others would take nothing from its start any more.
      gathersUntilMs = 0;
      tickSoon(0);
    },
    report: () => ({
      desiredReplicas: replicas,
      decision: decisions.last,
      recentDecisions: decisions.recent,
      latest: last?.decision,
      measurements: last?.measurements,
      alarms: alarms.now,
      pausing,
      paused: target.pool.spec.paused,
      templatePending: writer.isTemplatePending(observe(target.pool).deployment),
    }),
    readings() {
      const { metadata, spec } = target.pool;
      const whose = { namespace: metadata.namespace, pool: metadata.name, paused: spec.paused };
      return last && { ...whose, ...last, desiredReplicas: replicas, scaled: decisions.scaled };
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      for (const timer of timers) clearTimeout(timer);
      await stepping;
      await wakeUp[Symbol.asyncDispose]();
    },
  };
  return scaler;
}

/** Whether a step came to something else than the last, of what the status shows and neither decisions nor alarms tell. */
function isShownAnew(last: Pick<PoolReadings, "decision" | "measurements"> | undefined, next: PoolStep): boolean {
  const [before, now] = [last, next].map(
    (step) =>
      step && [step.measurements.busy, step.measurements.backlog, step.decision.recommendation.targetUnreachable],
  );
  return !isDeepStrictEqual(before, now);
}
