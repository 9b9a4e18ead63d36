import { deletedBefore } from "../../operator/src/workerpool/deletion-order.ts";
import { type Pod, viewOf } from "./pod.ts";

/** The pods that a ReplicaSet deletes to be rid of so many, by `ActivePodsWithRanks` of Kubernetes 1.34; all are on one node. */
export function victims(pods: readonly Pod[], count: number, nowMs: number): Pod[] {
  return pods
    .toSorted(
      (a, b) => deletedBefore(viewOf(a), viewOf(b)) || readyRank(a, nowMs) - readyRank(b, nowMs) || a.uid - b.uid,
    )
    .slice(0, Math.max(0, count));
}

/** Ready for less time goes first, but only by powers of two (LogarithmicScaleDown); within one, the UID decides. */
function readyRank({ readyAtMs }: Pod, nowMs: number): number {
  return readyAtMs === undefined ? 0 : Math.floor(Math.log2(Math.max(1, (nowMs - readyAtMs) * 1e6)));
}
