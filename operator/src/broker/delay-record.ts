import { type DelayedJobs, delayedJobs } from "./delayed.ts";
import { type NotFewer, notFewer } from "./stuck.ts";
import type { VhostTotals } from "./totals.ts";

/** All JobQueues are counted each 15 s. What was counted longer ago than this is from before the broker was lost. */
const longestMs = 60_000;

/** {@link DelayedJobs} as of the latest counts. */
export interface DelaysSeen extends DelayedJobs {
  /** For how long overdue jobs were counted and never became fewer, on the level where that is longest; 0 where none are overdue. */
  readonly stuckSeconds: number;
}

/** Learns of the delay fabric from the counts that are listed anyway. */
export interface DelayRecord {
  /** Undefined if no counts of the last minute tell. */
  readonly seen: DelaysSeen | undefined;
  /** Passes the counts on, and takes note of them. */
  note(counts: Promise<VhostTotals>): Promise<VhostTotals>;
}

export function createDelayRecord(now: () => number = Date.now): DelayRecord {
  let latest: { readonly atMs: number; readonly delayed: DelayedJobs } | undefined;
  let stuck: NotFewer = new Map();
  const isRecent = (atMs: number) => now() - atMs < longestMs;
  return {
    get seen() {
      if (latest === undefined || !isRecent(latest.atMs)) return undefined;
      const { atMs, delayed } = latest;
      const longest = Math.max(0, ...Array.from(stuck.values(), ({ sinceMs }) => atMs - sinceMs));
      return { ...delayed, stuckSeconds: longest / 1000 };
    },
    async note(counts) {
      const totals = await counts;
      const [atMs, delayed] = [now(), delayedJobs(totals)];
      // Of a time in which nobody counted, nothing is known.
      const before = latest !== undefined && isRecent(latest.atMs) ? stuck : new Map();
      stuck = notFewer(before, delayed?.levels ?? [], atMs);
      latest = delayed && { atMs, delayed };
      return totals;
    },
  };
}
