/** Label of a pool's pods; its value is the pool's name. */
export const poolLabel = "jobwright.dev/pool";

/** Pod annotation by which a ReplicaSet ranks the pods it may delete: the lowest goes first. */
export const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

/** Pod annotations by which node autoscalers leave a pod's node alone. */
export const evictionGuards: Readonly<Record<string, string>> = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
};

/** Template annotation that names the container with the handlers; kubectl shows that one's logs. */
export const workerContainerAnnotation = "kubectl.kubernetes.io/default-container";

/** Template annotation: changes when the workers' mounted configuration does, so that they are rolled. */
export const configurationHashAnnotation = "jobwright.dev/configuration-hash";

/** Template annotation: which of its users the worker has; left out for the first. */
export const credentialsGenerationAnnotation = "jobwright.dev/credentials-generation";

/** Names in the pool's namespace. The Deployment has the pool's own name, so `kubectl get deployments` reads well. */
export function childNames(pool: string): { deployment: string; configuration: string; disruptionBudget: string } {
  return { deployment: pool, configuration: `${pool}-worker`, disruptionBudget: pool };
}

/** The Secret with the credentials of this generation, which the workers mount. */
export function workerSecret(pool: string, generation: number): string {
  return generation === 1 ? `${pool}-worker` : `${pool}-worker-${generation}`;
}

/** The pool's first user on the broker. */
export function brokerUser(namespace: string, pool: string): string {
  return `${namespace}.${pool}.worker`;
}

/** Keeps a WorkerPool until its workers are gone, and their user on the broker with them. */
export const poolFinalizer = "jobwright.dev/pool";
