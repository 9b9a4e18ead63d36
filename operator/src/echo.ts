import { isDeepStrictEqual } from "node:util";
import type { JobQueue } from "./api/objects.ts";
import type { KubeObject } from "./kube/index.ts";

/**
 * Nothing but the status changed, which only this operator writes, or a finalizer came: its own passes need not be followed by
 * another.
 *
 * @param isThere whether the object is there still; one that is gone may look as it last did.
 */
export function isEcho(object: KubeObject, previous: KubeObject | undefined, isThere: boolean): boolean {
  if (previous === undefined || !isThere) return false;
  const { finalizers = [] } = object.metadata;
  // Another finalizer is no concern of ours; our own, taken away, is.
  if (previous.metadata.finalizers?.some((one) => !finalizers.includes(one))) return false;
  const beside = ({ metadata: { resourceVersion, finalizers: _, ...metadata } }: KubeObject) => metadata;
  // The spec's changes show in metadata.generation.
  return isDeepStrictEqual(beside(object), beside(previous));
}

/** Whether a JobQueue's status tells of the same place of jobs as before: all that a pool need know of it. */
export function isSamePlace(jobQueue: JobQueue, previous: JobQueue | undefined): boolean {
  return isDeepStrictEqual(placeOf(jobQueue), placeOf(previous));
}

function placeOf(jobQueue: JobQueue | undefined): unknown {
  const { broker, vhost, queue, lanes, returns } = jobQueue?.status ?? {};
  return [broker, vhost, queue, lanes?.map(({ name }) => name), returns?.queue];
}
