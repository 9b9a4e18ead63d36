import { isDeepStrictEqual } from "node:util";
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
  /** To be called by the reflector of this kind for each change. @returns whether it is the echo of our own `apply`. */
  seen(resource: Resource, object: KubeObject): boolean;
}

/** What is known of a kind. */
export interface Kept extends Pick<Reflector<KubeObject>, "get"> {
  /** Whether it is known that there is no such object at all, so that the API server need not be asked. */
  lacks?(key: string): boolean;
}

/** @param keptOf the kinds that are kept; undefined for all others. */
export function createCachedReads(
  client: KubeClient,
  keptOf: (resource: Resource) => Kept | undefined,
  clock: Clock = systemClock,
): CachedReads {
  /** Our last write of an object, until its reflector has seen it or a later one. */
  const written = new Map<string, { readonly object: KubeObject; readonly at: number }>();
  /** What is being applied: the watch may be faster than the answer. */
  const applying = new Map<string, KubeObject>();
  /** What a reflector lost lately, and when: it may have lost nothing but the label by which the reflector selects. */
  const lost = new Map<string, number>();

  function noteLost(id: string): void {
    lost.delete(id);
    lost.set(id, clock.now());
    for (const [oldest, at] of lost) {
      if (clock.now() - at < ownWriteLimitMs) break;
      lost.delete(oldest);
    }
  }

  function isLacking(resource: Resource, key: string): boolean {
    const lostAt = lost.get(idOf(resource, key)) ?? Number.NEGATIVE_INFINITY;
    return clock.now() - lostAt >= ownWriteLimitMs && (keptOf(resource)?.lacks?.(key) ?? false);
  }

  function find(resource: Resource, key: string): KubeObject | undefined {
    const cached = keptOf(resource)?.get(key);
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
        const found = find(resource, key) as T | undefined;
        if (found !== undefined || isLacking(resource, key)) return found;
        return client.get<T>(resource, name, namespace);
      },
      async apply(resource, object, options) {
        const kept = keptOf(resource);
        if (kept === undefined) return client.apply(resource, object, options);
        const key = objectKey(object);
        const id = idOf(resource, key);
        const before = kept.get(key)?.metadata.resourceVersion;
        applying.set(id, object);
        try {
          const applied = await client.apply(resource, object, options);
          const version = applied.metadata.resourceVersion;
          // An apply that changes nothing makes no version; and the watch may have been faster than the answer.
          const isKnown = version === before || kept.get(key)?.metadata.resourceVersion === version;
          if (!isKnown) written.set(id, { object: applied, at: clock.now() });
          return applied;
        } finally {
          applying.delete(id);
        }
      },
    },
    seen(resource, object) {
      const key = objectKey(object);
      const id = idOf(resource, key);
      const version = object.metadata.resourceVersion;
      const own = written.get(id)?.object.metadata.resourceVersion;
      if (own !== undefined && isAtLeast(version, own)) written.delete(id);
      const isThere = keptOf(resource)?.get(key) !== undefined;
      if (!isThere) noteLost(id);
      return isThere && (own === undefined ? says(object, applying.get(id)) : own === version);
    },
  };
}

/** Whether an object has what is being applied; its metadata are left out, to which the API server adds. */
function says(object: KubeObject, applied: KubeObject | undefined): boolean {
  if (applied === undefined) return false;
  const { metadata: _, apiVersion: __, kind: ___, ...fields } = applied;
  const found = object as unknown as Record<string, unknown>;
  return Object.entries(fields).every(([field, value]) => isDeepStrictEqual(found[field], value));
}

/** Versions of one kind are etcd's revisions: whole numbers that grow. */
function isAtLeast(version = "", other: string): boolean {
  return version.length === other.length ? version >= other : version.length > other.length;
}

function idOf(resource: Resource, key: string): string {
  return `${resourceName(resource)} ${key}`;
}
