import { parseStatus, timeLimit } from "./call.ts";
import { ApiError, type ApiStatus } from "./errors.ts";
import { readLines } from "./lines.ts";
import type { KubeObject, ObjectMeta } from "./object.ts";
import { type Resource, resourceName, resourcePath } from "./resource.ts";
import { acceptOf, type Selection, selectionQuery } from "./selection.ts";
import { connectionError, type Transport } from "./transport.ts";

export interface WatchOptions extends Selection {
  /** Changes after this one are sent. */
  resourceVersion: string;
  /** The server ends the watch after this long. */
  timeoutSeconds: number;
}

/** A change, or a BOOKMARK that only says how far the watch has come (its object has nothing but a resourceVersion). */
export type WatchEvent<T extends KubeObject> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: { metadata: Pick<ObjectMeta, "resourceVersion"> } };

/** See `KubeClient.watch`. */
export async function* watch<T extends KubeObject>(
  transport: Transport,
  startTimeoutMs: number,
  resource: Resource,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const what = `watch ${resourceName(resource)}`;
  const abort = new AbortController();
  const forward = () => abort.abort(signal.reason);
  const timer = setTimeout(() => abort.abort(timeLimit(what, startTimeoutMs)), startTimeoutMs);
  if (signal.aborted) {
    forward();
  }
  signal.addEventListener("abort", forward, { once: true });
  try {
    const { statusCode, body } = await transport.send({
      method: "GET",
      path: resourcePath(resource, options.namespace),
      query: watchQuery(options),
      accept: acceptOf(options, "item"),
      watch: true,
      signal: abort.signal,
    });
    if (statusCode >= 300) {
      throw new ApiError(what, statusCode, parseStatus(await body.text()));
    }
    clearTimeout(timer);
    for await (const line of readLines(body)) {
      const event = JSON.parse(line) as WatchEvent<T> | { type: "ERROR"; object: ApiStatus };
      if (event.type === "ERROR") {
        throw new ApiError(what, event.object.code ?? 500, event.object);
      }
      yield event;
    }
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    throw error instanceof ApiError ? error : connectionError(what, error, abort.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", forward);
    // The reader may leave early: nothing of the connection may stay.
    abort.abort();
  }
}

function watchQuery(options: WatchOptions): URLSearchParams {
  const query = selectionQuery(options);
  query.set("watch", "true");
  query.set("allowWatchBookmarks", "true");
  query.set("resourceVersion", options.resourceVersion);
  query.set("timeoutSeconds", String(options.timeoutSeconds));
  return query;
}
