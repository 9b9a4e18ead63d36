import type { Fleet } from "./fleet.ts";
import { type GrowthLimit, type KeptLimit, keptCeiling } from "./growth-limit.ts";

/** So many runs of jobs that failed before, or failed for good, without one success between them. */
const runs = 20;

/** Nothing was tried for so long: whatever it was may be mended, and new jobs are not to wait for it. */
const forgetMs = 300_000;

/** Whether all that is done is to fail. */
export interface Failing {
  /** At the last success. */
  readonly from: { readonly completed: number; readonly failing: number };
  /** The count of failing runs when it last rose. */
  readonly seen: { readonly failing: number; readonly atMs: number };
  readonly limit: GrowthLimit | undefined;
}

/** @param kept the limit that an earlier leader left. */
export function startFailing(nowMs: number, kept?: KeptLimit): Failing {
  return { from: { completed: 0, failing: 0 }, seen: { failing: 0, atMs: nowMs }, limit: kept };
}

/**
 * Poisoned retries are not demand: while nothing succeeds, no worker is added for what is tried again. One success ends
 * it. `RetryLater` is no failure, and does not count.
 */
export function observeFailing(
  before: Failing,
  input: {
    readonly nowMs: number;
    readonly fleet: Pick<Fleet, "completed" | "failing">;
    /** Of what was tried again, as much may yet succeed. */
    readonly inFlight: number;
    readonly replicas: number;
  },
): Failing {
  const { nowMs, fleet, inFlight, replicas } = input;
  const { completed, failing } = fleet;
  const seen = failing > before.seen.failing ? { failing, atMs: nowMs } : before.seen;
  const over = completed > before.from.completed || nowMs - seen.atMs >= forgetMs;
  const from = over ? { completed, failing } : before.from;
  const goesOn = before.limit !== undefined && !over;
  if (!goesOn && failing - from.failing - inFlight < runs) return { from, seen, limit: undefined };
  return {
    from,
    seen,
    limit: {
      reason: "Failing",
      ceiling: keptCeiling(before.limit, replicas),
      message: `at least ${runs} runs in a row failed and none succeeded: no worker is added for jobs that fail again and again`,
    },
  };
}
