import type { KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type KubeObject, objectKey } from "./object.ts";
import type { Reflector } from "./reflector.ts";
import { type Resource, resourceName } from "./resource.ts";

/** A watch brings our own writes within milliseconds. What it has not brought by then, it may have missed. */
const ownWriteLimitMs = 10_000;

/** A client that reads from what reflectors keep. */
export interface CachedReads {
  /**
   * Answers `get` from the reflectors. What is written by `apply` through it shows at once, so a pass that follows closely does
   * not see what was there before. What no reflector has is asked of the API server: it may be there without the label by
   * which the reflector selects.
   */
  readonly client: KubeClient;
  /** To be called by the reflector of this kind for each change. */
  seen(resource: Resource, object: KubeObject): void;
}

/** @param reflectorOf of the kinds that are kept; undefined for all others. */
export function createCachedReads(
  client: KubeClient,
  reflectorOf: (resource: Resource) => Pick<Reflector<KubeObject>, "get"> | undefined,
  clock: Clock = systemClock,
): CachedReads {
  /** Our last write of an object, until its reflector has seen it or a later one. */
  const written = new Map<string, { readonly object: KubeObject; readonly at: number }>();

  function find(resource: Resource, key: string): KubeObject | undefined {
    const cached = reflectorOf(resource)?.get(key);
    const own = written.get(idOf(resource, key));
    if (own === undefined) return cached;
    if (clock.now() - own.at < ownWriteLimitMs) return own.object;
    written.delete(idOf(resource, key));
    return cached;
  }

  return {
    client: {
      ...client,
      async get<T extends KubeObject>(resource: Resource, name: string, namespace?: string) {
        const key = objectKey({ metadata: { name, namespace } });
        // The caller names the type for the kind, here as with the API server.
        return (find(resource, key) as T | undefined) ?? client.get<T>(resource, name, namespace);
      },
      async apply(resource, object, options) {
        const reflector = reflectorOf(resource);
        const key = objectKey(object);
        const before = reflector?.get(key)?.metadata.resourceVersion;
        const applied = await client.apply(resource, object, options);
        const version = applied.metadata.resourceVersion;
        // An apply that changes nothing makes no version; and the watch may have been faster than the answer.
        const isKnown = version === before || reflector?.get(key)?.metadata.resourceVersion === version;
        if (reflector && !isKnown) written.set(idOf(resource, key), { object: applied, at: clock.now() });
        return applied;
      },
    },
    seen(resource, object) {
      const id = idOf(resource, objectKey(object));
      const own = written.get(id)?.object.metadata.resourceVersion;
      if (own !== undefined && isAtLeast(object.metadata.resourceVersion, own)) written.delete(id);
    },
  };
}

/** Versions of one kind are etcd's revisions: whole numbers that grow. */
function isAtLeast(version = "", other: string): boolean {
  return version.length === other.length ? version >= other : version.length > other.length;
}

function idOf(resource: Resource, key: string): string {
  return `${resourceName(resource)} ${key}`;
}
