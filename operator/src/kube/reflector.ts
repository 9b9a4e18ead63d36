import { createBackoff } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { pause, systemClock } from "./clock.ts";
import { ConnectionError } from "./errors.ts";
import { deepFreeze } from "./freeze.ts";
import { type Logger, silentLogger } from "./log.ts";
import { type KubeObject, objectFields, objectKey } from "./object.ts";
import { createObjectIndex } from "./object-index.ts";
import { type Resource, resourceName } from "./resource.ts";

// The API server sends a bookmark about every 60 to 75 s, so a healthy watch is never silent for this long.
const SILENCE_LIMIT_MS = 120_000;
// client-go's span: at random in it, so that the watches of many clients do not all end at once.
const WATCH_SECONDS = { min: 300, spread: 300 };

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource;
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects have nothing but their metadata, and in changes the kind PartialObjectMetadata. */
  metadataOnly?: boolean | undefined;
  /** What objects are found by with `indexed`. Default: nothing. */
  indexBy?: ((object: T) => readonly string[]) | undefined;
  log?: Logger | undefined;
  /**
   * Called for each object that was added, changed or deleted, after the cache holds the new state; on a deletion with the
   * last state known, and `get` of its key answers undefined. Should do no more than enqueue keys. What it throws is logged.
   */
  onChange(object: T, previous?: T): void;
  /** A watch that brings neither a change nor a bookmark for so long is given up and everything is listed anew. Default 120,000. */
  silenceLimitMs?: number | undefined;
  /** Delay before the first and the longest before a later new attempt. Default 200 and 30,000. */
  backoffMs?: { min: number; max: number } | undefined;
}

/** A copy of a collection, kept up to date. Objects are deep-frozen and without `managedFields`. Keys: "namespace/name" or "name". */
export interface Reflector<T extends KubeObject> {
  start(): void;
  /** Ends the watch; resolves when nothing runs any more. The copy stays readable. */
  stop(): Promise<void>;
  /** Whether the whole collection has been listed once. */
  hasSynced(): boolean;
  /** What has not been listed yet, for people to read. */
  awaits(): readonly string[];
  /** Resolves once synced; rejects with the signal's reason. */
  synced(signal?: AbortSignal): Promise<void>;
  get(key: string): T | undefined;
  list(namespace?: string): T[];
  /** Those that are indexed by this value, without a look at all. */
  indexed(value: string): T[];
}

/** Lists a collection, then watches it, and begins again with whatever went wrong, until stopped. */
export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  const { client, resource, namespace, labelSelector, fieldSelector, metadataOnly, log = silentLogger } = options;
  const { silenceLimitMs = SILENCE_LIMIT_MS, backoffMs = { min: 200, max: 30_000 } } = options;
  const selection = { namespace, labelSelector, fieldSelector, metadataOnly };
  const about = { resource: resourceName(resource), ...(namespace === undefined ? {} : { namespace }) };
  const objects = new Map<string, T>();
  const index = createObjectIndex<T>(options.indexBy ?? (() => []));
  const listed = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let synced = false;
  let running: Promise<void> | undefined;

  function notify(object: T, previous?: T): void {
    try {
      options.onChange(object, previous);
    } catch (error) {
      log.error(
        { ...about, ...objectFields(object), err: error },
        "a change handler threw; handlers may only enqueue keys",
      );
    }
  }

  function put(received: T): void {
    const object = deepFreeze(withoutManagedFields(received));
    const key = objectKey(object);
    const previous = objects.get(key);
    objects.set(key, object);
    index.put(object);
    if (previous?.metadata.resourceVersion !== object.metadata.resourceVersion) {
      notify(object, previous);
    }
  }

  function remove(key: string, lastState?: T): void {
    const previous = objects.get(key);
    objects.delete(key);
    const object = lastState ?? previous;
    if (object) {
      index.remove(object);
      notify(object, previous);
    }
  }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await client.list<T>(resource, { ...selection, signal: stopping.signal });
    const present = new Set(items.map(objectKey));
    for (const item of items) {
      put(item);
    }
    // Deleted while nobody watched.
    for (const key of [...objects.keys()].filter((known) => !present.has(known))) {
      remove(key);
    }
    if (!synced) {
      synced = true;
      listed.resolve();
    }
    return resourceVersion;
  }

  /** Watches until the watch ends, and tells through `seen` how far it has come. */
  async function watch(resourceVersion: string, seen: (resourceVersion: string) => void): Promise<void> {
    const silence = new AbortController();
    let silent = false;
    let timer: NodeJS.Timeout | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silent = true;
        silence.abort();
      }, silenceLimitMs);
    };
    const timeoutSeconds = Math.round(WATCH_SECONDS.min + WATCH_SECONDS.spread * Math.random());
    const signal = AbortSignal.any([stopping.signal, silence.signal]);
    try {
      heard();
      for await (const event of client.watch<T>(resource, { ...selection, resourceVersion, timeoutSeconds }, signal)) {
        heard();
        if (event.type === "DELETED") {
          remove(objectKey(event.object), deepFreeze(withoutManagedFields(event.object)));
        } else if (event.type !== "BOOKMARK") {
          put(event.object);
        }
        seen(event.object.metadata.resourceVersion ?? resourceVersion);
      }
    } finally {
      clearTimeout(timer);
    }
    if (silent) {
      throw new SilentWatch(`nothing came for ${silenceLimitMs} ms, not even a bookmark`);
    }
  }

  function report(error: unknown, message: string): void {
    // An API server sends no bookmarks for a kind that never had an object, so silence is often no fault at all.
    const level = error instanceof SilentWatch ? "debug" : "warn";
    log[level]({ ...about, err: error }, message);
  }

  async function run(): Promise<void> {
    const backoff = createBackoff(backoffMs.min, backoffMs.max);
    let resourceVersion: string | undefined;
    while (!stopping.signal.aborted) {
      try {
        resourceVersion ??= await list();
        await watch(resourceVersion, (version) => {
          resourceVersion = version;
          backoff.reset();
        });
      } catch (error) {
        if (stopping.signal.aborted) {
          return;
        }
        // After a cut connection the server replays from where the watch had come. For all else (410 Gone, a silent
        // watch, a refusal) what is known may be wrong: list again.
        if (!(error instanceof ConnectionError)) {
          resourceVersion = undefined;
        }
        report(error, resourceVersion === undefined ? "listing again" : "watching again");
      }
      // Also after a watch that ended well: a server that ends each at once must not be called in a tight loop.
      await pause(systemClock, backoff.nextMs(), stopping.signal);
    }
  }

  return {
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
    hasSynced: () => synced,
    awaits: () => (synced ? [] : [[about.resource, ...(namespace === undefined ? [] : ["in", namespace])].join(" ")]),
    synced(signal) {
      if (!signal) {
        return listed.promise;
      }
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      if (signal.aborted) {
        abort();
      }
      signal.addEventListener("abort", abort, { once: true });
      return Promise.race([listed.promise, aborted.promise]).finally(() => signal.removeEventListener("abort", abort));
    },
    get: (key) => objects.get(key),
    list: (wanted) => {
      const all = [...objects.values()];
      return wanted === undefined ? all : all.filter((object) => object.metadata.namespace === wanted);
    },
    indexed: index.get,
  };
}

class SilentWatch extends Error {
  override readonly name = "SilentWatch";
}

/** Nobody reads them, and they are often half of an object. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T["metadata"] & { managedFields?: unknown };
  return { ...object, metadata };
}
