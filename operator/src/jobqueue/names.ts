import { defaultProducer } from "../api/access.ts";
import type { JobQueue } from "../api/objects.ts";

/** Keeps a JobQueue until what its deletionPolicy asks for is done on the broker. */
export const queueFinalizer = "jobwright.dev/queue";

/** The Secret with a producer's credentials, in the JobQueue's namespace, where its entry names none. */
export function producerSecret({ name }: Named, producer: string): string {
  return producer === defaultProducer ? `${name}-producer` : `${name}-producer-${producer}`;
}

/** A producer's first user on the broker. */
export function producerUser({ namespace, name }: Named, producer: string): string {
  const user = `${namespace}.${name}.producer`;
  return producer === defaultProducer ? user : `${user}.${producer}`;
}

type Named = Pick<JobQueue["metadata"], "namespace" | "name">;

/** What the queues are called that a JobQueue has on its broker, as far as its status says. */
export function queuesInStatus({ status }: Pick<JobQueue, "status">): string[] {
  const { queue, lanes = [] } = status ?? {};
  return [...(queue === undefined ? [] : [queue]), ...lanes.map((lane) => lane.queue)];
}

/** What the exchange and the queue are called on the broker. */
export function resolvedName({ metadata, spec }: JobQueue): string {
  return spec.name ?? `${metadata.namespace}.${metadata.name}`;
}
