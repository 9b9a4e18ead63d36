import type { KubeClient } from "./client.ts";
import { isConflict, isNotFound } from "./errors.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

const ATTEMPTS = 5;

/**
 * Puts a finalizer on the object, so that its deletion waits until the finalizer is removed.
 * Returns the object as it is then; undefined if it is gone or being deleted, when nothing may be made for it any more.
 */
export async function addFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  name: string,
): Promise<T | undefined> {
  return changeFinalizers(client, resource, object, (current) => {
    if (current.metadata.deletionTimestamp !== undefined) {
      return "give up";
    }
    const finalizers = current.metadata.finalizers ?? [];
    return finalizers.includes(name) ? finalizers : [...finalizers, name];
  });
}

/**
 * Removes a finalizer: only after the work that it stands for succeeded. Returns the object as it is then; undefined if it is gone.
 */
export async function removeFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  name: string,
): Promise<T | undefined> {
  return changeFinalizers(client, resource, object, (current) => {
    const finalizers = current.metadata.finalizers ?? [];
    return finalizers.includes(name) ? finalizers.filter((each) => each !== name) : finalizers;
  });
}

/** The list belongs to many writers, so each write holds for the version that was read, and a conflict reads again. */
async function changeFinalizers<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  change: (current: T) => string[] | "give up",
): Promise<T | undefined> {
  const { name, namespace, uid } = object.metadata;
  let current: T | undefined = object;
  for (let attempt = 1; current && current.metadata.uid === uid; attempt++) {
    const finalizers = change(current);
    if (finalizers === "give up") {
      return undefined;
    }
    if (finalizers.length === (current.metadata.finalizers?.length ?? 0)) {
      return current;
    }
    try {
      const { resourceVersion } = current.metadata;
      return await client.patch<T>(resource, name, namespace, { metadata: { resourceVersion, finalizers } });
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      if (!isConflict(error) || attempt === ATTEMPTS) {
        throw error;
      }
      current = await client.get<T>(resource, name, namespace);
    }
  }
  return undefined;
}
