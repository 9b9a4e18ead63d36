/** Who owns an object: see `ownerReference`. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean | undefined;
  blockOwnerDeletion?: boolean | undefined;
}

/** The part of metadata that controllers read and write. Times are RFC 3339 strings, as they come over the wire. */
export interface ObjectMeta {
  name: string;
  namespace?: string | undefined;
  uid?: string | undefined;
  resourceVersion?: string | undefined;
  generation?: number | undefined;
  labels?: Record<string, string> | undefined;
  annotations?: Record<string, string> | undefined;
  finalizers?: string[] | undefined;
  ownerReferences?: OwnerReference[] | undefined;
  deletionTimestamp?: string | undefined;
  creationTimestamp?: string | undefined;
}

/** Any object of the API server, as JSON. A kind's own type narrows spec and status, or adds fields such as `data`. */
export interface KubeObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
}

/** What a log line says of which object it is about. */
export function objectFields({ metadata: { namespace, name } }: Pick<KubeObject, "metadata">): object {
  return { ...(namespace !== undefined && { namespace }), name };
}

/** The same of a key of {@link objectKey}. */
export function keyFields(key: string): object {
  const [name = "", namespace] = key.split("/").reverse();
  return objectFields({ metadata: { namespace, name } });
}

/** What names an object among its kind: "namespace/name", or "name" for a cluster-scoped one. */
export function objectKey(object: { metadata: { name: string; namespace?: string | undefined } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}
