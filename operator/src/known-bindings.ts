import type { EventBinding } from "@jobwright/worker-runtime/contract";

/**
 * By which bindings the workers of each pool name messages, as the pools' passes tell it to those of JobQueues: a binding
 * that names a job is made only once all workers know the name, or they would dead-letter its messages. In memory: of a
 * pool that had no pass yet nothing is known.
 */
export interface KnownBindings {
  /** Every worker of the pool (by its uid) was started with these. */
  note(pool: string, bindings: readonly EventBinding[]): void;
  /** Whether messages that come by these bindings are named right by all workers of the pool. */
  knows(pool: string, bindings: readonly EventBinding[]): boolean;
  forget(pool: string): void;
}

export function createKnownBindings(): KnownBindings {
  const known = new Map<string, string>();
  return {
    note(pool, bindings) {
      known.set(pool, naming(bindings));
    },
    knows: (pool, bindings) => naming(bindings) === naming([]) || known.get(pool) === naming(bindings),
    forget(pool) {
      known.delete(pool);
    },
  };
}

/** Bindings of which none names a job need not be known. */
function naming(bindings: readonly EventBinding[]): string {
  return JSON.stringify(bindings.some(({ job }) => job !== undefined) ? bindings : []);
}
