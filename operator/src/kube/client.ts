import type { KubeConfig } from "@kubernetes/client-node";
import { createCall } from "./call.ts";
import { isGone, isNotFound } from "./errors.ts";
import type { KubeObject } from "./object.ts";
import { apiVersionOf, type Resource, resourceName, resourcePath } from "./resource.ts";
import { acceptOf, type Selection, selectionQuery } from "./selection.ts";
import { type Answered, createTransport, type Transport } from "./transport.ts";
import { type WatchEvent, type WatchOptions, watch } from "./watch.ts";

const LIST_PAGE = 500;

interface ListOptions extends Selection {
  /** Absent: the newest state. "0": whatever the API server has in memory. */
  resourceVersion?: string | undefined;
  /** Ends the call early; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

interface DeleteOptions {
  /** Delete only this very object, not another that took its name since. */
  uid?: string | undefined;
  propagationPolicy?: "Foreground" | "Background" | "Orphan" | undefined;
}

interface ApplyOptions {
  fieldManager: string;
  /** Take fields over from other managers instead of failing with a conflict. */
  force: boolean;
  subresource?: string | undefined;
}

/** RFC 6902: done one after the other, or none at all, for instance because a `test` does not hold. */
export type JsonPatch = { op: "add" | "replace" | "test"; path: string; value: unknown }[];

interface PatchOptions {
  subresource?: string | undefined;
  fieldManager?: string | undefined;
}

/**
 * One REST client for every kind, built-in or custom. Each call carries a time limit.
 * Rejects with `ApiError` (the server refused) or `ConnectionError` (no whole answer).
 * Returned objects always carry apiVersion and kind, items of lists too.
 */
export interface KubeClient {
  /** The object, or undefined where there is none. */
  get<T extends KubeObject>(resource: Resource, name: string, namespace?: string): Promise<T | undefined>;
  /** The whole collection, fetched in pages, with the resourceVersion to watch from. */
  list<T extends KubeObject>(
    resource: Resource,
    options?: ListOptions,
  ): Promise<{ items: T[]; resourceVersion: string }>;
  create<T extends KubeObject>(resource: Resource, object: T): Promise<T>;
  /** Conflicts when `metadata.resourceVersion` is set and no longer the newest. */
  replace<T extends KubeObject>(resource: Resource, object: T): Promise<T>;
  /** An object that is gone already is fine. */
  delete(resource: Resource, name: string, namespace?: string, options?: DeleteOptions): Promise<void>;
  /** Server-side apply. A field that the schema does not know is refused, not dropped. */
  apply<T extends KubeObject>(resource: Resource, object: T, options: ApplyOptions): Promise<T>;
  /** JSON merge patch (null removes a field, a list is replaced as a whole), or JSON patch where `change` is a list. */
  patch<T extends KubeObject>(
    resource: Resource,
    name: string,
    namespace: string | undefined,
    change: object | JsonPatch,
    options?: PatchOptions,
  ): Promise<T>;
  /**
   * Changes as they come, until the server ends the watch or the signal aborts (then it just returns). The time limit
   * holds for its start only: whoever iterates must watch for silence. Throws what the server sends as an ERROR event as `ApiError`.
   */
  watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined>;
  /** The same connections with another time limit for each call. */
  withTimeout(requestTimeoutMs: number): KubeClient;
  /** Cuts every connection. */
  close(): void;
}

export interface KubeClientOptions {
  /** For each call, from sending it to the last byte of the answer. Default 30,000. */
  requestTimeoutMs?: number;
  /** How the API server's audit log names this program. */
  userAgent?: string;
  /** Told of each answer, refusals included. */
  onAnswer?: (answered: Answered) => void;
}

/** A client for the current context of `config` (see `loadKubeConfig`). */
export function createKubeClient(
  config: KubeConfig,
  { requestTimeoutMs = 30_000, userAgent = "kube-client", onAnswer }: KubeClientOptions = {},
): KubeClient {
  return clientOver(createTransport(config, userAgent, onAnswer), requestTimeoutMs);
}

function clientOver(transport: Transport, requestTimeoutMs: number): KubeClient {
  const call = createCall(transport, requestTimeoutMs);

  async function listPages<T extends KubeObject>(resource: Resource, options: ListOptions, limit: number | undefined) {
    const items: T[] = [];
    let resourceVersion = "";
    let next = "";
    do {
      const query = selectionQuery(options);
      if (limit !== undefined) {
        query.set("limit", String(limit));
      }
      if (next !== "") {
        query.set("continue", next);
      } else if (options.resourceVersion !== undefined) {
        query.set("resourceVersion", options.resourceVersion);
      }
      const page: { metadata: { resourceVersion: string; continue?: string }; items: T[] | null } = await call(
        `list ${resourceName(resource)}`,
        {
          method: "GET",
          path: resourcePath(resource, options.namespace),
          query,
          accept: acceptOf(options, "list"),
          signal: options.signal,
        },
      );
      resourceVersion = page.metadata.resourceVersion;
      next = page.metadata.continue ?? "";
      // A list of nothing but metadata has no array where it has no items.
      items.push(...(page.items ?? []).map((item) => withKind(resource, item)));
    } while (next !== "");
    return { items, resourceVersion };
  }

  return {
    async get<T extends KubeObject>(resource: Resource, name: string, namespace?: string) {
      try {
        return await call<T>(describe("get", resource, name, namespace), {
          method: "GET",
          path: resourcePath(resource, namespace, name),
        });
      } catch (error) {
        if (isNotFound(error)) {
          return undefined;
        }
        throw error;
      }
    },

    async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}) {
      try {
        return await listPages<T>(resource, options, LIST_PAGE);
      } catch (error) {
        if (!isGone(error)) {
          throw error;
        }
        // The continue token outlived etcd's history; in one piece there is nothing to outlive.
        return await listPages<T>(resource, options, undefined);
      }
    },

    async create(resource, object) {
      const { name, namespace } = object.metadata;
      if (resource.namespaced && !namespace) {
        throw new Error(
          `create ${resource.kind} "${name}": metadata.namespace is missing and the kind is namespaced; set it.`,
        );
      }
      return call(describe("create", resource, name, namespace), {
        method: "POST",
        path: resourcePath(resource, namespace),
        query: new URLSearchParams({ fieldValidation: "Strict" }),
        contentType: "application/json",
        body: JSON.stringify(withKind(resource, object)),
      });
    },

    async replace(resource, object) {
      const { name, namespace } = object.metadata;
      return call(describe("replace", resource, name, namespace), {
        method: "PUT",
        path: resourcePath(resource, namespace, name),
        query: new URLSearchParams({ fieldValidation: "Strict" }),
        contentType: "application/json",
        body: JSON.stringify(withKind(resource, object)),
      });
    },

    async delete(resource, name, namespace, { uid, propagationPolicy } = {}) {
      try {
        await call(describe("delete", resource, name, namespace), {
          method: "DELETE",
          path: resourcePath(resource, namespace, name),
          contentType: "application/json",
          body: JSON.stringify({
            apiVersion: "v1",
            kind: "DeleteOptions",
            ...(uid === undefined ? {} : { preconditions: { uid } }),
            ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
          }),
        });
      } catch (error) {
        if (!isNotFound(error)) {
          throw error;
        }
      }
    },

    async apply(resource, object, { fieldManager, force, subresource }) {
      const { name, namespace } = object.metadata;
      return call(describe("apply", resource, name, namespace, subresource), {
        method: "PATCH",
        path: resourcePath(resource, namespace, name, subresource),
        query: new URLSearchParams({ fieldManager, force: String(force), fieldValidation: "Strict" }),
        // JSON is YAML: the server reads an apply patch as YAML.
        contentType: "application/apply-patch+yaml",
        body: JSON.stringify(withKind(resource, object)),
      });
    },

    async patch(resource, name, namespace, change, { subresource, fieldManager } = {}) {
      const query = new URLSearchParams({ fieldValidation: "Strict" });
      if (fieldManager !== undefined) {
        query.set("fieldManager", fieldManager);
      }
      return call(describe("patch", resource, name, namespace, subresource), {
        method: "PATCH",
        path: resourcePath(resource, namespace, name, subresource),
        query,
        contentType: Array.isArray(change) ? "application/json-patch+json" : "application/merge-patch+json",
        body: JSON.stringify(change),
      });
    },

    watch: (resource, options, signal) => watch(transport, requestTimeoutMs, resource, options, signal),

    withTimeout: (timeoutMs) => clientOver(transport, timeoutMs),
    close: () => transport.close(),
  };
}

function withKind<T extends KubeObject>(resource: Resource, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function describe(verb: string, resource: Resource, name: string, namespace?: string, subresource?: string): string {
  const object = namespace ? `${namespace}/${name}` : name;
  return `${verb} ${resource.kind} "${object}"${subresource === undefined ? "" : ` (${subresource})`}`;
}
