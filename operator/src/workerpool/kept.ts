import type { WorkerPool } from "../api/objects.ts";
import type { Kept } from "../autoscaling/pool-state.ts";

type Measured = NonNullable<NonNullable<WorkerPool["status"]>["measured"]>;

/** What the status keeps of what an earlier leader found out. */
export function keptOf({ status }: Pick<WorkerPool, "status">, nowMs: number): Kept {
  const { serviceTimeMs, coldStartMs, ...measured } = status?.measured ?? {};
  return {
    serviceTimeMs,
    coldStartMs,
    longestRun: longestRunOf(measured, nowMs),
    limit: limitOf(status),
  };
}

/** A clock that ran ahead is not to have it count in full for as long as that. */
function longestRunOf(measured: Measured, nowMs: number): Kept["longestRun"] {
  const { longestRunMs, longestRunEndedAt } = measured;
  if (longestRunMs === undefined) return undefined;
  const endedAtMs = longestRunEndedAt === undefined ? nowMs : Date.parse(longestRunEndedAt);
  return { seconds: longestRunMs / 1000, atMs: Math.min(endedAtMs, nowMs) };
}

function limitOf(status: WorkerPool["status"]): Kept["limit"] {
  const { reason, message = "" } = status?.conditions?.find(({ type }) => type === "ScalingLimited") ?? {};
  return reason === "Saturated" || reason === "Failing" ? { reason, message } : undefined;
}
