import type { Heartbeat } from "../contract/index.ts";

/** The figures of a heartbeat that come from running jobs. Counters only grow; unfinished runs count up to now. */
export type Figures = Pick<
  Heartbeat,
  | "busy"
  | "started"
  | "startedAgain"
  | "completed"
  | "failed"
  | "retried"
  | "busySeconds"
  | "squaredSeconds"
  | "waitSecondsSum"
  | "lastWaitSeconds"
  | "oldestRunningSeconds"
>;

/** Counts runs. Times are of one clock, in ms, passed in. */
export interface Tally {
  /** A run begins, for the n-th `attempt` at its job. @returns call it when the run is over. */
  start(
    waitMs: number,
    nowMs: number,
    attempt: number,
  ): (ended: "completed" | "failed" | "retried" | "none", nowMs: number) => void;
  figures(nowMs: number): Figures;
}

export function createTally(): Tally {
  const running = new Set<{ readonly sinceMs: number }>();
  const counts = { started: 0, startedAgain: 0, completed: 0, failed: 0, retried: 0 };
  let finishedMs = 0;
  let squaredSeconds = 0;
  let waitMsSum = 0;
  let lastWaitMs: number | undefined;

  return {
    start(waitMs, sinceMs, attempt) {
      const run = { sinceMs };
      running.add(run);
      counts.started += 1;
      if (attempt > 1) counts.startedAgain += 1;
      lastWaitMs = Math.max(0, waitMs);
      waitMsSum += lastWaitMs;
      return (ended, nowMs) => {
        if (!running.delete(run)) return;
        finishedMs += nowMs - sinceMs;
        squaredSeconds += ((nowMs - sinceMs) / 1000) ** 2;
        if (ended !== "none") counts[ended] += 1;
      };
    },
    figures(nowMs) {
      const ages = [...running].map(({ sinceMs }) => nowMs - sinceMs);
      const unfinishedMs = ages.reduce((sum, age) => sum + age, 0);
      return {
        ...counts,
        busy: running.size,
        busySeconds: (finishedMs + unfinishedMs) / 1000,
        squaredSeconds,
        waitSecondsSum: waitMsSum / 1000,
        lastWaitSeconds: lastWaitMs === undefined ? null : lastWaitMs / 1000,
        oldestRunningSeconds: ages.length === 0 ? null : Math.max(...ages) / 1000,
      };
    },
  };
}
