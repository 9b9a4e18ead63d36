import type { Shortage } from "../autoscaling/scarcity.ts";
import type { Deployment } from "./deployment.ts";
import { isThere, type Pod, podTrouble, podView } from "./pods.ts";

/** The scheduler calls a new pod unschedulable at once, also where a node is just about to come or to have room. */
const homelessAfterMs = 10_000;

/**
 * What of the pods that were asked for Kubernetes does not give, in its words: it refuses to create them (a quota, an
 * admission policy), or no node takes them. New pods are none: in a burst more may be needed a moment after the first ones.
 *
 * @param asked `spec.replicas` of the Deployment.
 */
export function shortageOf(
  deployment: Deployment | undefined,
  pods: readonly Pod[],
  asked: number,
  nowMs: number,
): Shortage | undefined {
  const there = pods.filter(isThere);
  const refusal = replicaFailure(deployment);
  if (refusal !== undefined && there.length < asked) {
    // One is always asked for, by which to see that it is over.
    return { reason: "PodsRefused", message: refusal.message, had: Math.max(1, there.length) };
  }
  const homeless = there
    .filter((pod) => nowMs - podView(pod).createdAtMs >= homelessAfterMs)
    .flatMap((pod) => podTrouble(pod, nowMs) ?? [])
    .filter(({ reason }) => reason === "Unschedulable");
  const [first] = homeless;
  if (first === undefined) return undefined;
  const count = homeless.length === 1 ? "1 pod has" : `${homeless.length} pods have`;
  return { reason: "Unschedulable", message: `${count} no node yet: ${first.message}`, had: asked };
}

/** That the ReplicaSet could not create a pod, as the Deployment says it. */
export function replicaFailure(deployment: Deployment | undefined): { reason: string; message: string } | undefined {
  const failure = deployment?.status?.conditions?.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  return (
    failure && { reason: failure.reason ?? "ReplicaFailure", message: failure.message ?? "pods cannot be created" }
  );
}
