import type { JobQueue } from "../api/objects.ts";

/** Keeps a JobQueue until what its deletionPolicy asks for is done on the broker. */
export const queueFinalizer = "jobwright.dev/queue";

/** The Secret with the default producer's credentials, in the JobQueue's namespace. */
export function producerSecret(jobQueue: JobQueue): string {
  return `${jobQueue.metadata.name}-producer`;
}

/** The default producer's user on the broker. */
export function producerUser(jobQueue: JobQueue): string {
  return `${jobQueue.metadata.namespace}.${jobQueue.metadata.name}.producer`;
}

/** What the exchange and the queue are called on the broker. */
export function resolvedName({ metadata, spec }: JobQueue): string {
  return spec.name ?? `${metadata.namespace}.${metadata.name}`;
}
