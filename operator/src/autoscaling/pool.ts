import { coldStartMs } from "./cold-start.ts";
import { clampReplicas, decide, type Recommendation } from "./decide.ts";
import { type Explained, explain, headline, type Reason, reasonOf } from "./explain.ts";
import { reportsOf } from "./fleet.ts";
import type { FleetReadings } from "./fleet-readings.ts";
import type { GrowthLimit } from "./growth-limit.ts";
import type { LongestRun } from "./longest-run.ts";
import { observePool } from "./observe-pool.ts";
import { asOf, type PoolInput, type PoolState } from "./pool-state.ts";
import { growthLimit, observeRestraint } from "./restraint.ts";
import type { ScalingSettings, Signals, WorkerReport } from "./signals.ts";
import { type HeldBy, hold, stabilise } from "./stabilise.ts";
import type { Stuck } from "./stuck.ts";

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
  /** Undefined before a run was seen to end. */
  readonly longestRun?: LongestRun | undefined;
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

/** One step of scaling: takes in what was observed and decides. Pure: the same inputs give the same decision. */
export function stepPool(state: PoolState, input: PoolInput): PoolStep {
  const { nowMs, settings } = input;
  const before = asOf(state, nowMs);
  const { fleet, arrivals, ready, serviceTime, coldStart, withoutRuntime, readings, stuck, backlogUnknown, signals } =
    observePool(before, input);
  const { backlog } = signals;
  const { queuePaused = false } = settings;
  const recommendation = decide(queuePaused ? { ...signals, backlog: 0, arrivalsPerSecond: 0 } : signals, settings);
  const certain = !backlogUnknown && readings.silent.length === 0 && !stuck.nothingEnds && !withoutRuntime.holds;
  const idle = certain && (backlog === 0 || queuePaused) && readings.inFlight === 0;
  const { state: stability, heldBy } =
    backlogUnknown && (queuePaused || !input.wake)
      ? { state: hold(before.stability, settings), heldBy: "SignalsMissing" as const }
      : stabilise(
          before.stability,
          {
            ...{ nowMs, recommended: recommendation.replicas, idle, mayShrink: certain },
            coldStartMs: coldStartMs(coldStart) ?? 0,
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
  const next: PoolState = {
    atMs: nowMs,
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
    state: next,
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
      longestRun: fleet.longestRun,
      lagMs: Math.round(lagMs(next, readings.inFlight, nowMs)),
      busy: readings.inFlight,
      backlog: shownBacklog,
      workers: { ...countsOf(readings), silent: readings.silent.length },
    },
    reports: reportsOf(fleet, nowMs),
  };
}

/**
 * Pods that did not begin to work in time are no capacity, so others are asked for in their place; but no more than
 * there are workers that did begin: where none does, more of the same would not either (a broken image, a full cluster).
 */
function withReplacements(wanted: number, { overdue, working }: FleetReadings, settings: ScalingSettings) {
  const replicas = wanted === 0 ? 0 : clampReplicas(wanted + Math.min(overdue, working), settings);
  return { replicas, replacements: replicas - wanted };
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
