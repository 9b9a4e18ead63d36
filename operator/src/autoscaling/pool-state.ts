import { type Arrivals, noArrivals } from "./arrivals.ts";
import { type ColdStart, startColdStart } from "./cold-start.ts";
import { type Fleet, type Heard, startFleet } from "./fleet.ts";
import { type KeptLimit, outlives } from "./growth-limit.ts";
import type { LongestRun } from "./longest-run.ts";
import { growthLimit, type Restraint, startRestraint } from "./restraint.ts";
import type { Shortage } from "./scarcity.ts";
import { type ServiceTime, startServiceTime } from "./service-time.ts";
import type { PodView, ScalingSettings } from "./signals.ts";
import { type Stability, startStability } from "./stabilise.ts";
import type { Timeline } from "./timeline.ts";
import { nobodyWithoutRuntime, type Served, type WithoutRuntime } from "./without-runtime.ts";

/** All that scaling remembers of one pool between two steps. Immutable; made by {@link startPool}. */
export interface PoolState {
  /** When it was as it is. */
  readonly atMs: number;
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

/** What an earlier leader knew of a pool, as its status tells. */
export interface Kept {
  readonly serviceTimeMs?: number | undefined;
  readonly coldStartMs?: readonly number[] | undefined;
  readonly longestRun?: LongestRun | undefined;
  /** What kept it from growing. */
  readonly limit?: Pick<KeptLimit, "reason" | "message"> | undefined;
}

/** Begins to scale a pool: a new leader, or a pool seen for the first time. */
export function startPool(input: {
  readonly nowMs: number;
  /** `spec.replicas` of the Deployment. */
  readonly currentReplicas: number;
  readonly kept: Kept;
}): PoolState {
  const { nowMs, currentReplicas, kept } = input;
  return {
    atMs: nowMs,
    fleet: startFleet(nowMs, kept.longestRun),
    arrivals: noArrivals,
    ready: [],
    serviceTime: startServiceTime(nowMs, kept.serviceTimeMs),
    coldStart: startColdStart(kept.coldStartMs ?? []),
    stability: startStability(nowMs, currentReplicas),
    // A pool that may not grow has as many as it may have.
    restraint: startRestraint(nowMs, kept.limit && { ...kept.limit, ceiling: Math.max(1, currentReplicas) }),
    withoutRuntime: nobodyWithoutRuntime,
    waitingSinceMs: undefined,
    scaledUpAtMs: undefined,
    backlog: 0,
    replicas: currentReplicas,
  };
}

/** A clock that is disciplined may run back by this much. */
const clockSlackMs = 1_000;

/** Whether the clock was set back since: what is remembered lies in the future then. */
export function isAhead({ atMs }: Pick<PoolState, "atMs">, nowMs: number): boolean {
  return atMs > nowMs + clockSlackMs;
}

/** The state as it is; or where the clock was set back, as a new leader would begin: else all would hold until it has caught up. */
export function asOf(state: PoolState, nowMs: number): PoolState {
  if (!isAhead(state, nowMs)) return state;
  const { serviceTime, coldStart, fleet, restraint, replicas } = state;
  const limit = growthLimit(restraint);
  const kept: Kept = {
    serviceTimeMs: serviceTime.measured ? serviceTime.seconds * 1000 : undefined,
    coldStartMs: coldStart.measuredMs,
    longestRun: fleet.longestRun && { ...fleet.longestRun, atMs: Math.min(fleet.longestRun.atMs, nowMs) },
    limit: outlives(limit) ? limit : undefined,
  };
  return startPool({ nowMs, currentReplicas: replicas, kept });
}

/**
 * After somebody else set the replicas (Manual mode): they stand as the last decision, and as the scale-down window if
 * the pool goes back to Auto. Measurements go on.
 */
export function adoptReplicas(state: PoolState, nowMs: number, replicas: number): PoolState {
  return { ...state, replicas, stability: startStability(nowMs, replicas) };
}
