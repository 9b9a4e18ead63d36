import { type Clock, systemClock } from "./clock.ts";
import { createTokenBucket } from "./token-bucket.ts";

export interface WorkQueueOptions {
  clock?: Clock;
  /** Back-off of a key after its first failure; doubles with each further one. Default 5. */
  baseDelayMs?: number;
  /** Longest back-off. Default 1,000,000. */
  maxDelayMs?: number;
  /** Retries of all keys together, in the long run. Default 10. */
  retriesPerSecond?: number;
  /** Retries of all keys together that may come at once. Default 100. */
  retryBurst?: number;
  /** Told when a key is queued, taken or sent back: for metrics. */
  observer?: WorkQueueObserver;
}

interface WorkQueueObserver {
  /** A key entered the queue. */
  onAdd?(depth: number): void;
  /** A worker took a key that had been ready for so long. */
  onTake?(depth: number, waitSeconds: number): void;
  /** A key is put back after a failure. */
  onRetry?(): void;
}

/**
 * Keys waiting for work, each at most once, and never handed out again before `done`: what is added meanwhile comes
 * once more after that. Whoever takes a key with `get` must give it back with `done`.
 */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key when the time has come; of several such calls the earliest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Adds the key after its back-off, which grows until `forget`, and not before the global bucket allows. */
  addRateLimited(key: string): void;
  /** The key's work succeeded: its back-off begins anew. */
  forget(key: string): void;
  /** The next key, waiting for one; undefined once stopped. */
  get(): Promise<string | undefined>;
  done(key: string): void;
  /** Keys that are ready now. */
  depth(): number;
  /** Drops what waits and answers every `get` with undefined. */
  stop(): void;
}

/** client-go's work queue with controller-runtime's rate limits. */
export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  const { clock = systemClock, baseDelayMs = 5, maxDelayMs = 1_000_000, observer = {} } = options;
  const bucket = createTokenBucket(options.retriesPerSecond ?? 10, options.retryBurst ?? 100, clock);
  /** Keys to be worked on, with the time they became so; those that are being worked on wait here for `done`. */
  const dirty = new Map<string, number>();
  const ready = new Set<string>();
  const processing = new Set<string>();
  const delayed = new Map<string, { at: number; cancel: () => void }>();
  const failures = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let stopped = false;

  function take(key: string): string {
    const since = dirty.get(key) ?? clock.now();
    ready.delete(key);
    dirty.delete(key);
    processing.add(key);
    observer.onTake?.(ready.size, (clock.now() - since) / 1000);
    return key;
  }

  function makeReady(key: string): void {
    ready.add(key);
    observer.onAdd?.(ready.size);
    const taker = takers.shift();
    if (taker) {
      taker(take(key));
    }
  }

  function add(key: string): void {
    if (stopped || dirty.has(key)) {
      return;
    }
    dirty.set(key, clock.now());
    if (!processing.has(key)) {
      makeReady(key);
    }
  }

  function addAfter(key: string, delayMs: number): void {
    if (stopped) {
      return;
    }
    if (delayMs <= 0) {
      add(key);
      return;
    }
    const at = clock.now() + delayMs;
    const earlier = delayed.get(key);
    if (earlier && earlier.at <= at) {
      return;
    }
    earlier?.cancel();
    const cancel = clock.after(delayMs, () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { at, cancel });
  }

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      observer.onRetry?.();
      addAfter(key, Math.max(Math.min(baseDelayMs * 2 ** failed, maxDelayMs), bucket.reserveMs()));
    },
    forget(key) {
      failures.delete(key);
    },
    get() {
      const [key] = ready;
      if (stopped || key !== undefined) {
        return Promise.resolve(stopped || key === undefined ? undefined : take(key));
      }
      return new Promise((resolve) => takers.push(resolve));
    },
    done(key) {
      processing.delete(key);
      if (dirty.has(key) && !stopped) {
        makeReady(key);
      }
    },
    depth: () => ready.size,
    stop() {
      stopped = true;
      for (const { cancel } of delayed.values()) {
        cancel();
      }
      delayed.clear();
      ready.clear();
      dirty.clear();
      for (const taker of takers.splice(0)) {
        taker(undefined);
      }
    },
  };
}
