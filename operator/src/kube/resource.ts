/** Where the API server keeps a kind: `{ group: "apps", version: "v1", plural: "deployments", kind: "Deployment", namespaced: true }`. */
export interface Resource {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** "apps/v1", or "v1" for the core group. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** "deployments.apps", as kubectl names it. */
export function resourceName(resource: Resource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/**
 * The path of a collection, of an object (with `name`) or of its subresource.
 * A namespaced resource without a namespace means all namespaces, which only a collection allows.
 */
export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  if (name !== undefined && resource.namespaced && !namespace) {
    throw new Error(`${resource.kind} "${name}": the kind is namespaced and no namespace was given; pass one.`);
  }
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const parts = resource.namespaced && namespace ? ["namespaces", namespace, resource.plural] : [resource.plural];
  if (name !== undefined) {
    parts.push(name);
  }
  if (subresource !== undefined) {
    parts.push(subresource);
  }
  // A URL's parser takes these for the folder itself and the one above.
  if (parts.some((part) => part === "." || part === "..")) {
    throw new Error(`${resource.kind} "${parts.join("/")}": "." and ".." are no names.`);
  }
  return `${root}/${parts.map(encodeURIComponent).join("/")}`;
}
