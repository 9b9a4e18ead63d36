import { reportsOf } from "../autoscaling/fleet.ts";
import type { PoolState } from "../autoscaling/pool-state.ts";
import type { Deployment } from "./deployment.ts";
import type { PoolDepth } from "./depths.ts";

/** Whether a cache shows less of a Deployment than is known of it. */
export function isBehind(observed: Deployment | undefined, live: Deployment): boolean {
  if (observed !== undefined && observed.metadata.uid !== live.metadata.uid) return false;
  return (observed?.metadata.generation ?? 0) < (live.metadata.generation ?? 0);
}

/** A queue without consumers although workers take jobs has no leader now: its depth says nothing. */
export function isBelievable(depth: PoolDepth | undefined, { fleet }: PoolState, nowMs: number): boolean {
  if (depth === undefined) return false;
  if (depth.ready > 0 || depth.consumers > 0) return true;
  return ![...reportsOf(fleet, nowMs).values()].some(
    ({ fresh, paused, state }) => fresh && !paused && state === "Running",
  );
}
