/** What a run is taken to last before anything is known, and how much runs are taken to differ. */
const assumed = { seconds: 1, variability: 1 };

/** Shorter than this no run is taken to be: one of no time at all would ask for no worker, and status keeps whole ms. */
const leastSeconds = 0.001;

/** A stretch of time over which runs are measured together: long enough for a mean, short enough to follow a change. */
const stretch = { minMs: 30_000, maxMs: 3_600_000, runs: 20 };

/** The last moments, by which a sudden change is seen. */
const recentMs = 10_000;

/** So many standard deviations are no chance. */
const surprising = 2.5;

/** Runs differ at least so much: what is measured has its own errors. */
const leastVariability = 0.25;

/** Totals of a fleet at a moment. */
interface Totals {
  readonly atMs: number;
  readonly busySeconds: number;
  /** Squared seconds of the runs that ended, summed; 0 if workers do not tell. */
  readonly squaredSeconds: number;
  readonly ended: number;
}

/** Mean time of a run, from this and the last stretch. */
export interface ServiceTime {
  /** S, seconds. */
  readonly seconds: number;
  /** Var(S) ÷ S². */
  readonly variability: number;
  /** S of runs that ended, when last there were enough: `seconds` may be the age of one under way. */
  readonly ofEnded: number;
  /** Whether `seconds` was measured (now, or by an earlier leader), not assumed. */
  readonly measured: boolean;
  /** Where the last stretch began, and where this one did. */
  readonly lastFrom: Totals;
  readonly thisFrom: Totals;
  /** The totals of the last moments, oldest first. */
  readonly recent: readonly Totals[];
  /** Runs that were stuck. */
  readonly stuck: number;
}

/** What is under way, without the runs that are stuck. */
interface Running {
  readonly inFlight: number;
  readonly oldestSeconds: number;
  /** The ages of those that are stuck (`stuck.ts`): they say nothing of how long jobs take. Absent: none. */
  readonly stuckSeconds?: readonly number[];
}

/** Begins with what status kept, ms; else with 1 s. */
export function startServiceTime(nowMs: number, keptMs: number | undefined): ServiceTime {
  const from: Totals = { atMs: nowMs, busySeconds: 0, squaredSeconds: 0, ended: 0 };
  const seconds = keptMs === undefined ? assumed.seconds : Math.max(leastSeconds, keptMs / 1000);
  return {
    seconds,
    ofEnded: seconds,
    variability: assumed.variability,
    measured: keptMs !== undefined,
    lastFrom: from,
    thisFrom: from,
    recent: [from],
    stuck: 0,
  };
}

/**
 * Takes in the fleet's totals. S = time spent in handlers ÷ runs that ended, unfinished runs included in the time, which
 * gives the true processing rate (DS2, OSDI '18). Where fewer runs ended than are under way, that quotient says more about the
 * number of slots than about the runs (twenty that began half a second ago would be "10 s"); then S is what it was, or
 * the age of the oldest run where that is more, while it runs: so the first of many long jobs shows how long they are.
 *
 * If in the last ten seconds far fewer runs ended than such an S lets expect, longer jobs have come: what was measured
 * before is forgotten. (That they became shorter can wait for the next stretch: it costs workers, and not waits.)
 *
 * Runs that are stuck are left out, and when one is no more, whatever became of it, measuring begins anew.
 */
export function observeService(known: ServiceTime, now: Totals, running: Running): ServiceTime {
  const { stuckSeconds = [] } = running;
  const before = stuckSeconds.length < known.stuck ? { ...known, lastFrom: now, thisFrom: now, recent: [now] } : known;
  const recent = [...before.recent.slice(firstOf(before.recent, now.atMs - recentMs)), now];
  const from = recent[0] ?? now;
  const state = isSurprising(before, from, now, running) ? { ...before, lastFrom: from, thisFrom: from } : before;
  const busySeconds = busyBetween(state.lastFrom, now, running);
  const ended = now.ended - state.lastFrom.ended;
  const enough = ended > 0 && ended >= running.inFlight && busySeconds > 0;
  const ofEnded = enough ? Math.max(leastSeconds, busySeconds / ended) : state.ofEnded;
  const seconds = enough ? ofEnded : Math.max(ofEnded, running.oldestSeconds);
  const ageMs = now.atMs - state.thisFrom.atMs;
  const full = ageMs >= stretch.minMs && now.ended - state.thisFrom.ended >= stretch.runs;
  const closes = full || ageMs >= stretch.maxMs;
  return {
    seconds,
    ofEnded,
    variability: variabilityOf(state, now, seconds),
    measured: state.measured || enough || running.oldestSeconds > ofEnded,
    lastFrom: closes ? state.thisFrom : state.lastFrom,
    thisFrom: closes ? now : state.thisFrom,
    recent,
    stuck: stuckSeconds.length,
  };
}

/** Time spent in runs that are not stuck. */
function busyBetween(from: Totals, now: Totals, { stuckSeconds = [] }: Running): number {
  const seconds = (now.atMs - from.atMs) / 1000;
  return stuckSeconds.reduce((busy, age) => busy - Math.min(age, seconds), now.busySeconds - from.busySeconds);
}

/** The last point that is as old as that, so that the window is full; else the first there is. */
function firstOf(recent: readonly Totals[], sinceMs: number): number {
  return Math.max(
    0,
    recent.findLastIndex(({ atMs }) => atMs <= sinceMs),
  );
}

/** In b seconds of work b ÷ S runs end, give or take √(b ÷ S · Var(S) ÷ S²) (a renewal process) and those at the edges. */
function isSurprising({ seconds, variability, lastFrom }: ServiceTime, from: Totals, now: Totals, running: Running) {
  if (from.atMs <= lastFrom.atMs) return false;
  const expected = busyBetween(from, now, running) / seconds;
  const ended = now.ended - from.ended;
  const deviation = Math.sqrt(expected * Math.max(leastVariability, variability));
  return expected - ended > surprising * deviation + running.inFlight;
}

function variabilityOf({ lastFrom, variability }: ServiceTime, now: Totals, seconds: number): number {
  const ended = now.ended - lastFrom.ended;
  const squaredSeconds = now.squaredSeconds - lastFrom.squaredSeconds;
  if (ended < stretch.runs || squaredSeconds <= 0) return variability;
  return Math.max(0, squaredSeconds / ended / seconds ** 2 - 1);
}
