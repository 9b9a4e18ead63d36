import type { WorkerPool } from "../api/objects.ts";
import type { Kept } from "../autoscaling/pool-state.ts";

/** What the status keeps of what an earlier leader found out. */
export function keptOf({ status }: Pick<WorkerPool, "status">, nowMs: number): Kept {
  const { serviceTimeMs, coldStartMs, longestRunMs } = status?.measured ?? {};
  return {
    serviceTimeMs,
    coldStartMs,
    longestRun: longestRunMs === undefined ? undefined : { seconds: longestRunMs / 1000, atMs: nowMs },
    limit: limitOf(status),
  };
}

function limitOf(status: WorkerPool["status"]): Kept["limit"] {
  const { reason, message = "" } = status?.conditions?.find(({ type }) => type === "ScalingLimited") ?? {};
  return reason === "Saturated" || reason === "Failing" ? { reason, message } : undefined;
}
