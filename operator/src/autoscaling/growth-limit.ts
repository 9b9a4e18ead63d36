/** Why a pool may not grow, though its jobs ask for it. Part of the API: `status.decision.reason`. */
export type LimitReason = "Saturated" | "Failing" | "PodsRefused" | "Unschedulable";

/** What keeps a pool from growing. */
export interface GrowthLimit {
  readonly reason: LimitReason;
  /** The most workers to ask for; infinite while more are asked for again. */
  readonly ceiling: number;
  /** For people; the same as long as nothing changes. */
  readonly message: string;
}

/** The ceiling as it was when the limit began: what there was then. At least one worker, by which to see that it is over. */
export function keptCeiling(before: GrowthLimit | undefined, replicas: number): number {
  return before?.ceiling ?? Math.max(1, replicas);
}

/** A limit that outlives the operator: what it came from is known only to who measured it. Kubernetes says the others anew. */
export interface KeptLimit extends GrowthLimit {
  readonly reason: "Saturated" | "Failing";
}

export function outlives(limit: GrowthLimit | undefined): limit is KeptLimit {
  return limit?.reason === "Saturated" || limit?.reason === "Failing";
}
