import { isDeepStrictEqual } from "node:util";
import type { JsonPatch, KubeClient } from "./client.ts";
import { isInvalid, isNotFound } from "./errors.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

/**
 * Makes `status` the object's whole status if it differs from what `object` carries; returns whether it was written.
 * False too when the object is gone or another has its name now.
 *
 * The whole status is sent, not only what seems to differ: `object` may come from a cache that lags behind. No
 * resourceVersion is sent, since the status has one writer. Throws as `client.patch` does: `isInvalid` where the schema refuses the status.
 */
export async function writeStatus<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  status: NonNullable<T["status"]>,
): Promise<boolean> {
  const { name, namespace, uid } = object.metadata;
  if (isDeepStrictEqual(asJson(object.status), asJson(status))) {
    return false;
  }
  const change: JsonPatch = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "add", path: "/status", value: status },
  ];
  try {
    await client.patch(resource, name, namespace, change, { subresource: "status" });
    return true;
  } catch (error) {
    if (isNotFound(error)) {
      return false;
    }
    // The API server does not say whether it was the test that failed.
    if (isInvalid(error) && (await client.get(resource, name, namespace))?.metadata.uid !== uid) {
      return false;
    }
    throw error;
  }
}

/** As it goes over the wire: without undefined, dates as strings. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
