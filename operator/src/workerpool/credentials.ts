import type { Credentials } from "../api/access.ts";
import type { WorkerPool } from "../api/objects.ts";
import type { WorkerPoolStatus } from "../api/worker-pool.ts";
import {
  generationOf,
  isDue,
  isRequested,
  type RotationPolicy,
  rotateAnnotation,
  rotated,
  userOf,
  usersOf,
} from "../credentials/rotation.ts";
import type { Deployment } from "./deployment.ts";
import { brokerUser, credentialsGenerationAnnotation, workerSecret } from "./names.ts";
import type { Pod } from "./pods.ts";

/** What status records of the workers' credentials. */
export interface CredentialsRecord {
  readonly credentials: Credentials;
  readonly rotationRequest: string | undefined;
}

/**
 * Decides which user the pool's workers have from now on. Each has a Secret of its own, so a worker that was started with
 * one user keeps it for all its life, and one that starts cannot mount what a kubelet remembers of another.
 */
export function planCredentials(
  { metadata, status }: Pick<WorkerPool, "metadata" | "status">,
  policy: RotationPolicy,
  now: Date,
): CredentialsRecord {
  const { name, namespace, annotations } = metadata;
  const first = brokerUser(namespace, name);
  const known = status?.credentials;
  const rotationRequest = annotations?.[rotateAnnotation] ?? status?.rotationRequest;
  if (known === undefined) {
    const fresh = { secretName: workerSecret(name, 1), user: userOf(first, 1), rotatedAt: now.toISOString() };
    return { credentials: fresh, rotationRequest };
  }
  const asked = isRequested(annotations, status?.rotationRequest) || isDue(known, policy, now.getTime());
  if (!asked) return { credentials: known, rotationRequest };
  const next = rotated(known, first, now);
  return { credentials: { ...next, secretName: workerSecret(name, generationOf(next.user)) }, rotationRequest };
}

/** Every user that the pool has on the broker, or may have. */
export function knownUsers({ metadata, status }: Pick<WorkerPool, "metadata" | "status">): string[] {
  const recorded = status?.credentials ? usersOf(status.credentials) : [];
  return [...new Set([brokerUser(metadata.namespace, metadata.name), ...recorded])];
}

/** Earlier users that no worker has any more, nor can come to have. */
export function unneeded(
  { user, retiring = [] }: Credentials,
  deployment: Deployment | undefined,
  pods: readonly Pod[],
): string[] {
  if (!rollsOutOnly(deployment, generationOf(user))) return [];
  const running = pods.filter(({ status }) => !ended.has(status?.phase ?? ""));
  const needed = new Set(running.map(({ metadata }) => generationIn(metadata.annotations)));
  return retiring.map((one) => one.user).filter((one) => !needed.has(generationOf(one)));
}

/** Such pods stay listed for a while, and need nothing. One that is being deleted may have jobs to finish. */
const ended: ReadonlySet<string> = new Set(["Succeeded", "Failed"]);

/** Whether pods that are made from now on have this generation: the Deployment's controller has seen it and made the last. */
function rollsOutOnly(deployment: Deployment | undefined, generation: number): boolean {
  if (deployment?.status === undefined) return false;
  const { template } = deployment.spec as { template?: { metadata?: { annotations?: Record<string, string> } } };
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0 } = deployment.status;
  if (generationIn(template?.metadata?.annotations) !== generation) return false;
  return observedGeneration >= (deployment.metadata.generation ?? 0) && replicas === updatedReplicas;
}

function generationIn(annotations: Readonly<Record<string, string>> | undefined): number {
  return Number(annotations?.[credentialsGenerationAnnotation] ?? 1);
}

/** The same status with this record, or with the one that it had. */
export function withCredentials(found: WorkerPoolStatus, record: CredentialsRecord | undefined): WorkerPoolStatus {
  if (record === undefined) return found;
  const { credentials, rotationRequest } = record;
  return { ...found, credentials, ...(rotationRequest === undefined ? {} : { rotationRequest }) };
}
