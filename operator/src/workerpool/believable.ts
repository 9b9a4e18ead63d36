import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { freshMs } from "../autoscaling/fleet.ts";
import type { PoolState } from "../autoscaling/pool-state.ts";
import type { Deployment } from "./deployment.ts";
import type { PoolDepth } from "./depths.ts";

/** Whether a cache shows less of a Deployment than is known of it. */
export function isBehind(observed: Deployment | undefined, live: Deployment): boolean {
  if (observed !== undefined && observed.metadata.uid !== live.metadata.uid) return false;
  return (observed?.metadata.generation ?? 0) < (live.metadata.generation ?? 0);
}

/** At a lower rate, jobs/s, no start may be due within the half second for which a worker fetches jobs. */
const leastRate = 2;

/** A queue without consumers although workers would have some has no leader now: its depth says nothing. */
export function isBelievable(depth: PoolDepth | undefined, { fleet }: PoolState, nowMs: number): boolean {
  if (depth === undefined) return false;
  if (depth.ready > 0 || depth.consumers > 0) return true;
  return ![...fleet.workers.values()].some(
    ({ heartbeat, heardAtMs }) => nowMs - heardAtMs <= freshMs && consumes(heartbeat),
  );
}

/**
 * Whether a worker surely has a consumer: with lanes it wants none behind long jobs, nor beside what it holds of each; under a
 * rate limit only what it may start soon.
 */
function consumes({ state, paused, rate, slots, busy, held }: Heartbeat): boolean {
  if (state !== "Running" || paused || held > 0 || busy >= slots) return false;
  return rate === null || rate === undefined || rate >= leastRate;
}
