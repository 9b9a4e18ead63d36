import { type Arrivals, noArrivals } from "./arrivals.ts";
import { type ColdStart, startColdStart } from "./cold-start.ts";
import { type Fleet, type Heard, startFleet } from "./fleet.ts";
import { type Restraint, startRestraint } from "./restraint.ts";
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
    atMs: nowMs,
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

/** A clock that is disciplined may run back by this much. */
const clockSlackMs = 1_000;

/** Whether the clock was set back since: what is remembered lies in the future then. */
export function isAhead({ atMs }: Pick<PoolState, "atMs">, nowMs: number): boolean {
  return atMs > nowMs + clockSlackMs;
}

/** The state as it is; or where the clock was set back, as a new leader would begin: else all would hold until it has caught up. */
export function asOf(state: PoolState, nowMs: number): PoolState {
  if (!isAhead(state, nowMs)) return state;
  const { serviceTime, coldStart, fleet, replicas } = state;
  const kept = {
    serviceTimeMs: serviceTime.measured ? serviceTime.seconds * 1000 : undefined,
    coldStartMs: coldStart.measuredMs,
    longestRunMs: fleet.longestRunSeconds * 1000,
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
