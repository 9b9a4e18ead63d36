import { isDeepStrictEqual } from "node:util";
import type { KubeClient } from "./client.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

/**
 * Makes `status` the object's whole status, if it differs from what `object` carries; returns whether it was written.
 *
 * A merge patch on the status subresource: lists (conditions) are replaced as a whole, and fields that are no longer in
 * `status` are removed. No resourceVersion is sent, since the status has one writer; the uid is, so that another object that took the name
 * since is not written to. Throws as `client.patch` does (NotFound: the object is gone; Invalid or Conflict: the name has a new owner).
 */
export async function writeStatus<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  status: NonNullable<T["status"]> & object,
): Promise<boolean> {
  const { name, namespace, uid } = object.metadata;
  const before = asJson(object.status ?? {});
  const after = asJson(status);
  if (isDeepStrictEqual(before, after)) {
    return false;
  }
  const patch = { ...(uid === undefined ? {} : { metadata: { uid } }), status: replacingPatch(before, after) };
  await client.patch(resource, name, namespace, patch, { subresource: "status" });
  return true;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * The merge patch that turns `before` into `after`. It repeats what is equal: `before` may come from a cache that lags
 * behind, and then what looks equal is not.
 */
export function replacingPatch(before: Json | undefined, after: Json): Json {
  if (!isRecord(after)) {
    return after;
  }
  const old = isRecord(before) ? before : {};
  const patch: { [key: string]: Json } = {};
  for (const key of Object.keys(old)) {
    patch[key] = null;
  }
  for (const [key, value] of Object.entries(after)) {
    patch[key] = replacingPatch(old[key], value);
  }
  return patch;
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As it goes over the wire: without undefined, dates as strings. */
function asJson(value: object): Json {
  return JSON.parse(JSON.stringify(value));
}
