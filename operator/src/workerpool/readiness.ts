import type { Readiness } from "../kube/index.ts";
import type { Deployment } from "./deployment.ts";
import { type Pod, podTrouble } from "./pods.ts";

type WithoutGeneration = Pick<Readiness, "state" | "reason" | "message">;

/** True until every pod is of the Deployment's newest template. */
function isRollingOut(deployment: Deployment | undefined): boolean {
  if (deployment?.status === undefined) return true;
  const { spec, status } = deployment;
  const { updatedReplicas = 0, replicas = 0 } = status;
  return replicas > 0 && (spec.replicas ?? 0) > 0 && updatedReplicas < replicas;
}

/**
 * Whether a pool works as asked, from its Deployment and pods: what goes wrong there is copied up in the words of
 * whoever said it. Pods that are merely starting are no problem: the number of workers changes all the time.
 *
 * @param templatePending the Deployment's status speaks of an older template yet.
 */
export function poolReadiness(
  deployment: Deployment | undefined,
  pods: readonly Pod[],
  templatePending: boolean,
): WithoutGeneration {
  const failure = deployment?.status?.conditions?.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  if (failure) {
    return {
      state: "Reconciling",
      reason: failure.reason ?? "ReplicaFailure",
      message: failure.message ?? "pods cannot be created",
    };
  }
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const trouble = podTrouble(pod);
    if (trouble) return { state: "Reconciling", ...trouble };
  }
  if (deployment === undefined || templatePending || isRollingOut(deployment)) {
    return {
      state: "Reconciling",
      reason: "RollingOut",
      message: "workers are being replaced by those of the new spec",
    };
  }
  const wanted = deployment.spec.replicas ?? 0;
  if (wanted === 0) return { state: "Ready", reason: "AtZero", message: "no worker runs; the first job starts some" };
  return { state: "Ready", reason: "Working", message: "workers take jobs" };
}
