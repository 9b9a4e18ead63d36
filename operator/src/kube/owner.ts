import { type KubeObject, type OwnerReference, objectKey } from "./object.ts";

/**
 * A reference to put into a child's `metadata.ownerReferences`, so that the child is garbage-collected with its owner.
 *
 * `controller`: this owner manages the child; a child has one such owner at most.
 * `blockOwnerDeletion`: a foreground deletion of the owner waits for the child.
 */
export function ownerReference(
  object: KubeObject,
  options: { controller?: boolean; blockOwnerDeletion?: boolean } = {},
): OwnerReference {
  const { apiVersion, kind, metadata } = object;
  if (!apiVersion || !kind || !metadata.uid) {
    throw new Error(
      `"${objectKey(object)}" cannot be an owner: it needs apiVersion, kind and metadata.uid; pass the object as the API server returned it.`,
    );
  }
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, ...options };
}
