import { type Arrivals, noArrivals, observeArrived } from "./arrivals.ts";
import { agesOf, type Waiting } from "./backlog-ages.ts";
import {
  askedForAtMs,
  assumedColdStartSeconds,
  type ColdStart,
  coldStartMs,
  recordColdStart,
  startColdStart,
} from "./cold-start.ts";
import { clampReplicas, decide, type Recommendation } from "./decide.ts";
import { type Explained, explain, headline, type Reason, reasonOf } from "./explain.ts";
import {
  type Fleet,
  freshMs,
  type Heard,
  observeHeartbeats,
  removePods,
  reportsOf,
  startFleet,
  takenAt,
} from "./fleet.ts";
import { type FleetReadings, readFleet } from "./fleet-readings.ts";
import type { GrowthLimit } from "./growth-limit.ts";
import { growthLimit, observeRestraint, type Restraint, startRestraint } from "./restraint.ts";
import type { Shortage } from "./scarcity.ts";
import { observeService, type ServiceTime, startServiceTime } from "./service-time.ts";
import type { PodView, ScalingSettings, Signals, WorkerReport } from "./signals.ts";
import { type HeldBy, hold, type Stability, stabilise, startStability } from "./stabilise.ts";
import { findStuck, type Stuck } from "./stuck.ts";
import { append, type Timeline, valueAt } from "./timeline.ts";
import { nobodyWithoutRuntime, observeWithoutRuntime, type Served, type WithoutRuntime } from "./without-runtime.ts";

/**
 * A measured cold start of 1.4 s says little about twenty pods that start at once on one node: no pod is called
 * overdue sooner than this.
 */
const minStartAllowanceMs = 10_000;

/** All that scaling remembers of one pool between two steps. Immutable; made by {@link startPool}. */
export interface PoolState {
  readonly fleet: Fleet;
  readonly arrivals: Arrivals;
  /** Jobs ready on the broker, lately. */
  readonly ready: Timeline;
  readonly serviceTime: ServiceTime;
  readonly coldStart: ColdStart;
  readonly stability: Stability;
  readonly restraint: Restraint;
  readonly withoutRuntime: WithoutRuntime;
  /** Since when jobs wait; undefined while none do. */
  readonly waitingSinceMs: number | undefined;
  readonly scaledUpAtMs: number | undefined;
  /** Jobs waiting when last known. */
  readonly backlog: number;
  /** The last decision. */
  readonly replicas: number;
}

export interface PoolInput {
  readonly nowMs: number;
  readonly settings: ScalingSettings;
  /** Jobs ready on the broker, all queues of the pool, read at `nowMs`; undefined when the broker could not be asked. */
  readonly backlogReady: number | undefined;
  /** A push said that a job arrived: at least one waits, even if the broker was not asked since. */
  readonly wake: boolean;
  /** Reports that came in since the last step, in any order. Those of pods not in `pods` are ignored. */
  readonly heartbeats: readonly Heard[];
  /** All pods of the pool that exist, those being deleted included. */
  readonly pods: readonly PodView[];
  /** What Kubernetes says of pods that it does not give, if it does. */
  readonly shortage?: Shortage | undefined;
  /** The broker's figures, where they were asked for because of workers without our runtime. */
  readonly served?: Served | undefined;
}

export interface PoolDecision {
  /** Workers wanted: for `planDrain`'s `desiredReplicas`, or the Deployment's replicas where that is greater. */
  readonly replicas: number;
  /** Whether this differs from the step before: worth an Event and a new `status.decision`. */
  readonly changed: boolean;
  readonly reason: Reason;
  /** One English sentence: what changes, and why. */
  readonly message: string;
  /** The second half of it. */
  readonly why: string;
  /** What kept more workers than were recommended. */
  readonly heldBy: HeldBy | undefined;
  readonly signals: Signals;
  readonly recommendation: Recommendation;
  /** What keeps the pool from growing, whether or not it would grow now. */
  readonly limit: GrowthLimit | undefined;
  readonly stuck: Stuck;
}

/** What the WorkerPool's status says of the measurements. */
export interface PoolMeasurements {
  /** S, whole ms; undefined while it is only assumed. */
  readonly serviceTimeMs: number | undefined;
  /** The last five cold starts, whole ms, newest last. */
  readonly coldStartMs: readonly number[];
  /** The longest run that was seen to end, whole ms; undefined before the first. */
  readonly longestRunMs?: number | undefined;
  /** Consumer lag: the wait of the job that started last, or how long jobs wait if none started since; 0 when idle. */
  readonly lagMs: number;
  readonly busy: number;
  readonly backlog: number;
  /** How many pods there are of each kind; one may be of several, as a silent one that works. */
  readonly workers: Readonly<Record<"working" | "cordoned" | "starting" | "overdue" | "silent", number>>;
}

export interface PoolStep {
  readonly state: PoolState;
  readonly decision: PoolDecision;
  readonly measurements: PoolMeasurements;
  /** Each worker's last report, for `planDrain`. */
  readonly reports: ReadonlyMap<string, WorkerReport>;
}

/** Begins to scale a pool: a new leader, or a pool seen for the first time. `kept` comes from its status. */
export function startPool(input: {
  readonly nowMs: number;
  /** `spec.replicas` of the Deployment. */
  readonly currentReplicas: number;
  readonly kept: {
    readonly serviceTimeMs?: number | undefined;
    readonly coldStartMs?: readonly number[] | undefined;
    readonly longestRunMs?: number | undefined;
  };
}): PoolState {
  const { nowMs, currentReplicas, kept } = input;
  return {
    fleet: startFleet(nowMs, (kept.longestRunMs ?? 0) / 1000),
    arrivals: noArrivals,
    ready: [],
    serviceTime: startServiceTime(nowMs, kept.serviceTimeMs),
    coldStart: startColdStart(kept.coldStartMs ?? []),
    stability: startStability(nowMs, currentReplicas),
    restraint: startRestraint(nowMs),
    withoutRuntime: nobodyWithoutRuntime,
    waitingSinceMs: undefined,
    scaledUpAtMs: undefined,
    backlog: 0,
    replicas: currentReplicas,
  };
}

/**
 * After somebody else set the replicas (Manual mode): they stand as the last decision, and as the scale-down window if
 * the pool goes back to Auto. Measurements go on.
 */
export function adoptReplicas(state: PoolState, nowMs: number, replicas: number): PoolState {
  return { ...state, replicas, stability: startStability(nowMs, replicas) };
}

/** One step of scaling: takes in what was observed and decides. Pure: the same inputs give the same decision. */
export function stepPool(before: PoolState, input: PoolInput): PoolStep {
  const { nowMs, settings } = input;
  const { fleet, coldStart } = takeHeartbeats(before, input);
  const withoutRuntime = observeWithoutRuntime(before.withoutRuntime, {
    ...{ nowMs, podViews: input.pods, ready: input.backlogReady, served: input.served },
    isHeard: (pod) => fleet.workers.has(pod),
  });
  const readings = readWorkers(fleet, coldStart, withoutRuntime, input);
  const { ready, arrivals } = takeBacklog(before, input, fleet, readings);
  const serviceTime = observeService(
    before.serviceTime,
    {
      atMs: nowMs,
      busySeconds: fleet.busySeconds + withoutRuntime.busySeconds,
      squaredSeconds: fleet.squaredSeconds,
      ended: fleet.ended + withoutRuntime.ended,
    },
    readings,
  );

  const backlogUnknown = input.backlogReady === undefined;
  const backlog = Math.max(backlogUnknown ? 0 : input.backlogReady + readings.held, input.wake ? 1 : 0);
  const measuredColdStartMs = coldStartMs(coldStart);
  const signals: Signals = {
    backlog,
    waiting: waitingFor(readings, { ready, arrivals, backlog }, nowMs),
    inFlight: readings.inFlight,
    serviceSeconds: serviceTime.seconds,
    serviceVariability: serviceTime.variability,
    arrivalsPerSecond: expectedPerSecond(before, arrivals, backlog + readings.inFlight),
    coldStartSeconds: measuredColdStartMs === undefined ? undefined : measuredColdStartMs / 1000,
    wanted: before.stability.wanted,
  };
  const { queuePaused = false } = settings;
  const recommendation = decide(queuePaused ? { ...signals, backlog: 0, arrivalsPerSecond: 0 } : signals, settings);
  const stuck = findStuck(fleet, nowMs);
  const certain = !backlogUnknown && readings.silent.length === 0 && !stuck.nothingEnds && !withoutRuntime.holds;
  const idle = certain && (backlog === 0 || queuePaused) && readings.inFlight === 0;
  const { state: stability, heldBy } =
    backlogUnknown && (queuePaused || !input.wake)
      ? { state: hold(before.stability, settings), heldBy: "SignalsMissing" as const }
      : stabilise(
          before.stability,
          {
            ...{ nowMs, recommended: recommendation.replicas, idle, mayShrink: certain },
            coldStartMs: measuredColdStartMs ?? 0,
          },
          settings,
        );
  const shownBacklog = backlogUnknown ? Math.max(before.backlog, backlog) : backlog;
  const restraint = observeRestraint(before.restraint, {
    ...{ nowMs, fleet, backlog: shownBacklog, replicas: before.replicas, shortage: input.shortage },
    ...{ inFlight: readings.inFlight, oldestSeconds: readings.oldestSeconds },
  });
  const limit = growthLimit(restraint);
  // Where Kubernetes gives no pods, it would not give others in their place.
  const overdue = input.shortage === undefined ? readings.overdue : 0;
  const asked = withReplacements(stability.wanted, { ...readings, overdue }, settings);
  const { replicas, limited } = withinLimit(asked.replicas, limit, settings);
  const waitingSinceMs = shownBacklog > 0 ? (before.waitingSinceMs ?? nowMs) : undefined;
  const explained: Explained = {
    from: before.replicas,
    to: replicas,
    signals,
    settings,
    recommendation,
    heldBy,
    backlogUnknown,
    silent: readings.silent,
    stuck,
    withoutRuntime: [...withoutRuntime.pods],
    replacements: asked.replacements,
    limit: limited ? limit : undefined,
  };
  const why = explain(explained);
  const state: PoolState = {
    fleet,
    arrivals,
    ready,
    serviceTime,
    coldStart,
    stability,
    restraint,
    withoutRuntime,
    waitingSinceMs,
    scaledUpAtMs: replicas > before.replicas ? nowMs : before.scaledUpAtMs,
    backlog: shownBacklog,
    replicas,
  };
  return {
    state,
    decision: {
      replicas,
      changed: replicas !== before.replicas,
      reason: reasonOf(explained),
      message: `${headline(explained)}: ${why}`,
      why,
      heldBy,
      signals,
      recommendation,
      limit,
      stuck,
    },
    measurements: {
      serviceTimeMs: serviceTime.measured ? Math.round(serviceTime.seconds * 1000) : undefined,
      coldStartMs: coldStart.measuredMs.map(Math.round),
      longestRunMs: fleet.longestRunSeconds > 0 ? Math.round(fleet.longestRunSeconds * 1000) : undefined,
      lagMs: Math.round(lagMs(state, readings.inFlight, nowMs)),
      busy: readings.inFlight,
      backlog: shownBacklog,
      workers: { ...countsOf(readings), silent: readings.silent.length },
    },
    reports: reportsOf(fleet, nowMs),
  };
}

/** What workers do: those with our runtime say so, and of the others the broker knows it. */
function readWorkers(
  fleet: Fleet,
  coldStart: ColdStart,
  { pods, known, served }: WithoutRuntime,
  input: PoolInput,
): FleetReadings {
  const startAllowanceMs = 3 * (coldStartMs(coldStart) ?? assumedColdStartSeconds * 1000);
  const readings = readFleet(fleet, input.pods, {
    nowMs: input.nowMs,
    concurrency: input.settings.concurrency,
    startAllowanceMs: Math.max(startAllowanceMs, minStartAllowanceMs),
    ...(known && { withoutRuntime: pods }),
  });
  if (pods.size === 0 || !known || served === undefined) return readings;
  return { ...readings, inFlight: Math.max(readings.inFlight, served.unacked - readings.held) };
}

function takeHeartbeats(
  { fleet: before, coldStart: measured, scaledUpAtMs }: PoolState,
  { pods, heartbeats }: PoolInput,
): { fleet: Fleet; coldStart: ColdStart } {
  const byName = new Map(pods.map((pod) => [pod.name, pod]));
  const gone = [...before.workers.keys()].filter((pod) => !byName.has(pod));
  const reports = heartbeats
    .filter(({ heartbeat }) => byName.has(heartbeat.pod))
    .toSorted((a, b) => a.heardAtMs - b.heardAtMs);
  let coldStart = measured;
  const heard = new Set(before.workers.keys());
  for (const { heartbeat, heardAtMs } of reports) {
    const createdAtMs = byName.get(heartbeat.pod)?.createdAtMs ?? 0;
    // Only a pod that we saw being born tells how long a start takes.
    if (!heard.has(heartbeat.pod) && createdAtMs >= before.sinceMs) {
      coldStart = recordColdStart(coldStart, heardAtMs - askedForAtMs(createdAtMs, scaledUpAtMs));
    }
    heard.add(heartbeat.pod);
  }
  return { fleet: observeHeartbeats(removePods(before, gone), reports), coldStart };
}

/**
 * Counts the jobs that ever arrived at the latest moment for which the broker's figure and all workers' are known. Figures of
 * different moments would miss the jobs that went from queue to worker in between.
 */
function takeBacklog(
  before: PoolState,
  { nowMs, settings, backlogReady }: PoolInput,
  fleet: Fleet,
  readings: FleetReadings,
): { ready: Timeline; arrivals: Arrivals } {
  if (backlogReady === undefined) return before;
  const ready = append(before.ready, { atMs: nowMs, value: backlogReady }, freshMs);
  if (readings.silent.length > 0) return { ready, arrivals: before.arrivals };
  const atMs = readings.knownUpToMs;
  const jobs = valueAt(ready, atMs) + takenAt(fleet, atMs);
  // A change matters as soon as jobs would miss the target for it, but not before the runs that fill the slots now are over.
  const mattersMs = Math.max(settings.targetWaitMs / 3, 2_000 * before.serviceTime.seconds);
  return { ready, arrivals: observeArrived(before.arrivals, { atMs, jobs }, mattersMs) };
}

/**
 * What waits for the first worker to begin would not begin sooner with more of them: then its age does not count. What came since
 * the workers were heard may have come right then, and not before: a burst of this moment is not the oldest of all.
 */
function waitingFor(
  { working, held }: FleetReadings,
  { ready, arrivals: { arrived }, backlog }: Pick<PoolState, "ready" | "arrivals" | "backlog">,
  nowMs: number,
): Waiting[] {
  const heard = arrived.at(-1);
  if (working === 0 || backlog === 0 || heard === undefined || nowMs - heard.atMs > freshMs) return [];
  const known = Math.min(backlog, valueAt(ready, heard.atMs) + held);
  return [{ jobs: backlog, seconds: (nowMs - heard.atMs) / 1000 }, ...agesOf(arrived, known, nowMs)];
}

/**
 * Pods that did not begin to work in time are no capacity, so others are asked for in their place; but no more than
 * there are workers that did begin: where none does, more of the same would not either (a broken image, a full cluster).
 */
function withReplacements(wanted: number, { overdue, working }: FleetReadings, settings: ScalingSettings) {
  const replicas = wanted === 0 ? 0 : clampReplicas(wanted + Math.min(overdue, working), settings);
  return { replicas, replacements: replicas - wanted };
}

/** At zero it is the first job that wakes a pool: what came before it asks for nobody. */
function expectedPerSecond({ stability }: PoolState, { perSecond }: Arrivals, jobs: number): number {
  return stability.wanted === 0 && jobs === 0 ? 0 : perSecond;
}

function countsOf({ working, cordoned, starting, overdue }: FleetReadings) {
  return { working, cordoned, starting, overdue };
}

/** What the pool's own signals say of growth goes below minReplicas never; of pods that are not to be had no more is asked. */
function withinLimit(asked: number, limit: GrowthLimit | undefined, { minReplicas }: ScalingSettings) {
  if (limit === undefined) return { replicas: asked, limited: false };
  const ceiling = limit.reason === "PodsRefused" ? limit.ceiling : Math.max(minReplicas, limit.ceiling);
  return { replicas: Math.min(asked, ceiling), limited: asked > ceiling };
}

function lagMs({ backlog, waitingSinceMs, fleet }: PoolState, inFlight: number, nowMs: number): number {
  const { lastStart } = fleet;
  if (backlog === 0 || waitingSinceMs === undefined) return inFlight > 0 ? (lastStart?.waitSeconds ?? 0) * 1000 : 0;
  const startedSince = lastStart !== undefined && lastStart.atMs >= waitingSinceMs;
  return startedSince ? lastStart.waitSeconds * 1000 : nowMs - waitingSinceMs;
}
