import type { Deployment } from "./deployment.ts";
import { isOfSeveralTemplates, type Pod } from "./pods.ts";

/**
 * Whether workers of one template are being replaced by those of another, so that nobody is to be taken away: deletion costs
 * rank within one ReplicaSet only. A rollout that Kubernetes has given up (no progress within the Deployment's deadline of ten
 * minutes) may never end, and must not keep workers for ever: it counts no more.
 */
export function isRolloutInProgress(
  deployment: Deployment | undefined,
  pods: readonly Pod[],
  templatePending: boolean,
): boolean {
  return templatePending || (isOfSeveralTemplates(pods) && !isGivenUp(deployment));
}

/** Kubernetes saw no progress within the Deployment's deadline, and tells so until there is some. */
export function isGivenUp(deployment: Deployment | undefined): boolean {
  const progress = progressOf(deployment);
  return progress?.status === "False" && progress.reason === "ProgressDeadlineExceeded";
}

/** Whether the newest template has once had all the pods that were asked for, or none was. Growing later is no rollout. */
export function isProven(deployment: Deployment): boolean {
  return progressOf(deployment)?.reason === "NewReplicaSetAvailable";
}

function progressOf(deployment: Deployment | undefined) {
  return deployment?.status?.conditions?.find(({ type }) => type === "Progressing");
}
