import type { WorkerPool } from "../api/objects.ts";

/**
 * The pool that has the queue: of all pools of the namespace that name it and are not being deleted, the oldest. Two pools on one
 * queue would both scale for all of it.
 */
export function holderOf(queue: string, pools: readonly WorkerPool[]): WorkerPool | undefined {
  return pools
    .filter(({ spec, metadata }) => spec.queueRef.name === queue && metadata.deletionTimestamp === undefined)
    .toSorted(
      ({ metadata: a }, { metadata: b }) =>
        a.creationTimestamp.localeCompare(b.creationTimestamp) || a.uid.localeCompare(b.uid),
    )[0];
}

/** The keys of the JobQueues that a pool works on or enqueues to: what it is found by when one of them changes. */
export function queuesOf({ metadata: { namespace }, spec: { queueRef, publishTo = [] } }: WorkerPool): string[] {
  return [queueRef, ...publishTo].map(({ name }) => `${namespace}/${name}`);
}
