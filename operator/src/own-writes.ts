interface Versioned {
  readonly metadata: { readonly uid: string; readonly resourceVersion?: string };
}

/**
 * What this process wrote itself and its caches may not show yet. A pass that follows a write closely would otherwise
 * see the old status, and write and report the same again.
 */
export interface OwnWrites<T extends Versioned> {
  /** The object as last written, if `cached` is from before that; else `cached`. */
  latest(cached: T): T;
  /** Notes that `before` was turned into `after`. */
  note(before: T, after: T): void;
  forget(uid: string): void;
}

export function createOwnWrites<T extends Versioned>(): OwnWrites<T> {
  const written = new Map<string, { readonly superseded: Set<string | undefined>; readonly after: T }>();
  return {
    latest(cached) {
      const known = written.get(cached.metadata.uid);
      if (known?.superseded.has(cached.metadata.resourceVersion)) return known.after;
      written.delete(cached.metadata.uid);
      return cached;
    },
    note(before, after) {
      if (before === after) return;
      const { uid, resourceVersion } = before.metadata;
      const superseded = written.get(uid)?.superseded ?? new Set();
      written.set(uid, { superseded: superseded.add(resourceVersion), after });
    },
    forget(uid) {
      written.delete(uid);
    },
  };
}
