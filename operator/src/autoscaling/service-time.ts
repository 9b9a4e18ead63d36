/** What a run is taken to last before anything is known. */
const assumedSeconds = 1;

/** A stretch of time over which runs are measured together: long enough for a mean, short enough to follow a change. */
const stretch = { minMs: 30_000, maxMs: 3_600_000, runs: 20 };

/** Totals of a fleet at a moment. */
interface Totals {
  readonly atMs: number;
  readonly busySeconds: number;
  readonly ended: number;
}

/** Mean time of a run, from this and the last stretch. */
export interface ServiceTime {
  /** S, seconds. */
  readonly seconds: number;
  /** Whether it was measured (now, or by an earlier leader), not assumed. */
  readonly measured: boolean;
  /** Where the last stretch began, and where this one did. */
  readonly lastFrom: Totals;
  readonly thisFrom: Totals;
}

/** Begins with what status kept, ms; else with 1 s. */
export function startServiceTime(nowMs: number, keptMs: number | undefined): ServiceTime {
  const from: Totals = { atMs: nowMs, busySeconds: 0, ended: 0 };
  return {
    seconds: keptMs === undefined ? assumedSeconds : keptMs / 1000,
    measured: keptMs !== undefined,
    lastFrom: from,
    thisFrom: from,
  };
}

/**
 * Takes in the fleet's totals. S = time spent in handlers ÷ runs that ended, unfinished runs included in the time, which
 * gives the true processing rate (DS2, OSDI '18). Where fewer runs ended than are under way, that quotient says more about the
 * number of slots than about the runs (twenty that began half a second ago would be "10 s"); then S is what it was, or
 * the age of the oldest run where that is more: so the first of many long jobs shows how long they are.
 */
export function observeService(
  state: ServiceTime,
  now: Totals,
  running: { readonly inFlight: number; readonly oldestSeconds: number },
): ServiceTime {
  const busySeconds = now.busySeconds - state.lastFrom.busySeconds;
  const ended = now.ended - state.lastFrom.ended;
  const enough = ended > 0 && ended >= running.inFlight && busySeconds > 0;
  const seconds = enough ? busySeconds / ended : Math.max(state.seconds, running.oldestSeconds);
  const ageMs = now.atMs - state.thisFrom.atMs;
  const full = ageMs >= stretch.minMs && now.ended - state.thisFrom.ended >= stretch.runs;
  const closes = full || ageMs >= stretch.maxMs;
  return {
    seconds,
    measured: state.measured || enough || running.oldestSeconds > state.seconds,
    lastFrom: closes ? state.thisFrom : state.lastFrom,
    thisFrom: closes ? now : state.thisFrom,
  };
}
