/** Whether a job may start now, in how long it may, or that it had better leave the worker for so long. */
export type Admission =
  | { readonly type: "Start" }
  | { readonly type: "Wait"; readonly waitMs: number }
  | { readonly type: "Defer"; readonly delayMs: number };

/** Counts starts by key. Times are of one clock, in ms. */
export interface KeyLimits {
  /**
   * `Start` and `Wait` reserve the start, so after the wait there is nothing to be asked again. `Defer` reserves nothing:
   * the job may come back to another worker. Jobs that are deferred together are told to come back one after the other.
   */
  admit(key: string, nowMs: number): Admission;
  /** A reserved start will not be made use of. */
  giveBack(key: string): void;
}

/** Sums of fractions miss their mark by a trifle. */
const trifleMs = 1e-3;

/** Waits of up to this long are spent in the worker: the delay fabric counts whole seconds. */
const longestWaitMs = 1_000;

interface Starts {
  /** When the next start would be due if starts were spread evenly (GCRA's theoretical arrival time). */
  dueMs: number;
  /** When the job that was deferred last comes back. */
  backMs: number;
}

/**
 * The generic cell rate algorithm (ITU-T I.371): `jobs` at once, then one each `perMs / jobs`. Keys that have caught up
 * are forgotten; of more than `maxKeys` busy ones the longest unused is, whose next jobs then start too early.
 */
export function createKeyLimits(limit: { jobs: number; perMs: number }, maxKeys = 10_000): KeyLimits {
  const intervalMs = limit.perMs / limit.jobs;
  const burstMs = limit.perMs - intervalMs;
  // In order of last use.
  const keys = new Map<string, Starts>();

  function use(key: string, nowMs: number): Starts {
    const known = keys.get(key);
    const starts = known ?? { dueMs: nowMs, backMs: nowMs };
    if (known === undefined) forgetSome(nowMs);
    keys.delete(key);
    keys.set(key, starts);
    return starts;
  }

  /** Looks at a few only, each time, so that no job pays for all. */
  function forgetSome(nowMs: number): void {
    let looked = 0;
    for (const [key, { dueMs, backMs }] of keys) {
      const idle = dueMs <= nowMs && backMs <= nowMs;
      if (idle || keys.size >= maxKeys) keys.delete(key);
      looked += 1;
      if (looked === 4) return;
    }
  }

  return {
    admit(key, nowMs) {
      const starts = use(key, nowMs);
      const waitMs = Math.max(0, starts.dueMs - burstMs - nowMs);
      if (waitMs > longestWaitMs) {
        starts.backMs = Math.max(starts.backMs, nowMs + waitMs) + intervalMs;
        return { type: "Defer", delayMs: starts.backMs - intervalMs - nowMs };
      }
      starts.dueMs = Math.max(starts.dueMs, nowMs) + intervalMs;
      return waitMs < trifleMs ? { type: "Start" } : { type: "Wait", waitMs };
    },
    giveBack(key) {
      const starts = keys.get(key);
      if (starts !== undefined) starts.dueMs -= intervalMs;
    },
  };
}
