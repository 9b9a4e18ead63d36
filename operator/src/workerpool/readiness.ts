import type { Readiness } from "../kube/index.ts";
import type { Alarm } from "./alarms.ts";
import type { Deployment } from "./deployment.ts";
import type { Pausing } from "./pausing.ts";
import { type Pod, type PodTrouble, podTrouble } from "./pods.ts";
import { isGivenUp, isProven } from "./rollout.ts";
import type { ScalerReport } from "./scaler-report.ts";
import { replicaFailure } from "./shortage.ts";

type Told = Pick<ScalerReport, "templatePending" | "pausing" | "paused" | "alarms"> & { readonly nowMs: number };
type WithoutGeneration = Pick<Readiness, "state" | "reason" | "message">;

/** What the newest template waits for; undefined once every pod is of it, and one of them was ready. */
function rollingOut(deployment: Deployment | undefined): string | undefined {
  const replaced = "workers are being replaced by those of the new spec";
  if (deployment?.status === undefined) return replaced;
  if ((deployment.spec.replicas ?? 0) === 0) return undefined;
  const { updatedReplicas = 0, replicas = 0, readyReplicas = 0 } = deployment.status;
  if (updatedReplicas < replicas) return replaced;
  return readyReplicas > 0 || isProven(deployment) ? undefined : "no worker of the newest spec is ready yet";
}

/** Whether every worker was started with the newest configuration, those that still finish what they run left aside. */
export function isRolledOut(
  deployment: Deployment | undefined,
  { templatePending, paused }: Pick<ScalerReport, "templatePending" | "paused">,
): boolean {
  // What changed since a pool was paused, no worker was told.
  if (deployment?.status === undefined || templatePending || paused) return false;
  const { updatedReplicas = 0, replicas = 0 } = deployment.status;
  return updatedReplicas >= replicas;
}

/** Of a pool whose queue is paused, or was until a moment ago. */
function pausedReadiness({ paused, yet, unable }: Pausing, wanted: number): WithoutGeneration {
  if (!paused) {
    return {
      state: "Ready",
      reason: "Working",
      message: `the queue is paused no more; yet to hear of it: ${some(yet)}`,
    };
  }
  if (unable.length > 0) {
    return {
      state: "Reconciling",
      reason: "CannotPause",
      message: `the JobQueue is paused (its spec.paused), but these workers cannot be told and go on: ${some(unable)}. Build their image with a worker runtime of protocol 1.2 or later, or take the workers away (scaling.mode Manual, replicas 0).`,
    };
  }
  const still = yet.length > 0 ? `; yet to hear of it: ${some(yet)}` : "";
  const workers = wanted === 0 ? "no worker runs, and none is started" : "workers take no jobs";
  return {
    state: "Ready",
    reason: "QueuePaused",
    message: `the JobQueue is paused (its spec.paused): ${workers}${still}`,
  };
}

function some(pods: readonly string[]): string {
  return pods.length > 3 ? `${pods.slice(0, 3).join(", ")} and ${pods.length - 3} more` : pods.join(", ");
}

/** While the pool waits to ask again for pods that were refused, Kubernetes says nothing of them. */
function refusedBefore(alarms: readonly Alarm[]): { reason: string; message: string } | undefined {
  const refusal = alarms.find(({ reason }) => reason === "PodsRefused");
  return refusal && { reason: "FailedCreate", message: refusal.message };
}

/** What is wrong with one of the pods. Of several the same one each time, and not what another waits for meanwhile. */
function troubleOf(pods: readonly Pod[], nowMs: number): PodTrouble | undefined {
  const there = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const troubles = there.flatMap((pod) => podTrouble(pod, nowMs) ?? []);
  return troubles.find(({ reason }) => reason === "CrashLoopBackOff") ?? troubles[0];
}

/**
 * Whether a pool works as asked, from its Deployment and pods: what goes wrong there is copied up in the words of
 * whoever said it. Pods that are merely starting are no problem: the number of workers changes all the time.
 *
 * @param report `templatePending`: the Deployment's status speaks of an older template yet.
 * @param refused what of its spec it cannot have, though its workers run.
 */
export function poolReadiness(
  deployment: Deployment | undefined,
  pods: readonly Pod[],
  { templatePending, pausing, paused, alarms, nowMs }: Told,
  refused?: WithoutGeneration,
): WithoutGeneration {
  // Kubernetes goes on trying, but whoever waits for the rollout is told that it failed.
  const unfinished = isGivenUp(deployment) ? "Stalled" : "Reconciling";
  const failure = replicaFailure(deployment) ?? refusedBefore(alarms);
  if (failure) return { state: unfinished, ...failure };
  const trouble = troubleOf(pods, nowMs);
  if (trouble) return { state: unfinished, ...trouble };
  if (refused) return { state: refused.state, reason: refused.reason, message: refused.message };
  if (paused) {
    const workers = (deployment?.spec.replicas ?? 0) === 0 ? "no worker runs, and none is started" : "workers go on";
    return {
      state: "Ready",
      reason: "Paused",
      message: `spec.paused is true: ${workers}; neither their number nor what they run is changed until it is false`,
    };
  }
  const awaited = rollingOut(templatePending ? undefined : deployment);
  if (awaited !== undefined) return { state: unfinished, reason: "RollingOut", message: awaited };
  const wanted = deployment?.spec.replicas ?? 0;
  if (pausing) return pausedReadiness(pausing, wanted);
  if (wanted === 0) return { state: "Ready", reason: "AtZero", message: "no worker runs; the first job starts some" };
  return { state: "Ready", reason: "Working", message: "workers take jobs" };
}
