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

function isGivenUp(deployment: Deployment | undefined): boolean {
  return (
    deployment?.status?.conditions?.some(
      ({ type, status, reason }) =>
        type === "Progressing" && status === "False" && reason === "ProgressDeadlineExceeded",
    ) ?? false
  );
}
