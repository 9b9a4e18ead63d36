import type { JobEvent } from "../worker/job-event.ts";

/** What the recorder's events add up to. */
export interface Tally {
  /** Runs begun and not ended. */
  busy: number;
  /** Jobs whose handler ended well at least once. */
  done: Set<string>;
  /** Runs begun, by `<job>/<attempt>`: more than one means that the work was repeated. */
  starts: Map<string, number>;
  /** Times a handler ended well, by job. */
  finishes: Map<string, number>;
  /** From enqueued to the start of the first attempt, in ms, one for each job. */
  waitsMs: number[];
  /** When the first of all runs began, ms since the Unix epoch. */
  firstStartedAt: number | undefined;
  /** Attempts that failed. */
  failedAttempts: number;
}

/** Adds the events up. An attempt that was begun twice counts as two runs. */
export function tally(events: readonly JobEvent[]): Tally {
  const sum: Tally = {
    busy: 0,
    done: new Set(),
    starts: new Map(),
    finishes: new Map(),
    waitsMs: [],
    firstStartedAt: undefined,
    failedAttempts: 0,
  };
  for (const event of events) {
    sum.busy += event.kind === "started" ? 1 : -1;
    if (event.kind === "failed") sum.failedAttempts++;
    if (event.kind === "finished") {
      sum.done.add(event.job);
      sum.finishes.set(event.job, (sum.finishes.get(event.job) ?? 0) + 1);
    }
    if (event.kind !== "started") continue;
    const run = `${event.job}/${event.attempt}`;
    const before = sum.starts.get(run) ?? 0;
    sum.starts.set(run, before + 1);
    sum.firstStartedAt ??= event.at;
    if (event.attempt === 1 && before === 0) sum.waitsMs.push(event.at - event.enqueuedAt);
  }
  return sum;
}

/** The smallest value that at least `share` (0 to 1) of the values do not exceed; undefined when there is none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
