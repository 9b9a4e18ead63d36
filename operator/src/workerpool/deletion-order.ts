import type { PodPhase } from "../autoscaling/signals.ts";

/** What a ReplicaSet looks at in a pod when it chooses which to delete, as far as the operator can know it. */
export interface DeletionRank {
  readonly phase: PodPhase;
  /** The pod has a node. */
  readonly scheduled: boolean;
  readonly ready: boolean;
  /** Annotation `controller.kubernetes.io/pod-deletion-cost`; 0 where there is none. */
  readonly deletionCost: number;
}

const phaseRank: Record<PodPhase, number> = { Pending: 0, Unknown: 1, Running: 2, Succeeded: 2, Failed: 2 };

/**
 * Negative when a ReplicaSet deletes `a` before `b`: pods without a node, then Pending, Unknown, Running; not ready
 * before ready; lower deletion cost first (`ActivePodsWithRanks` in Kubernetes 1.34). What it looks at next (pods per
 * node, time of readiness, restarts, age) is left out: equal here means that either may go.
 */
export function deletedBefore(a: DeletionRank, b: DeletionRank): number {
  return (
    Number(a.scheduled) - Number(b.scheduled) ||
    phaseRank[a.phase] - phaseRank[b.phase] ||
    Number(a.ready) - Number(b.ready) ||
    a.deletionCost - b.deletionCost
  );
}
