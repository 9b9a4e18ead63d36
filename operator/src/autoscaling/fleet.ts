import { type Heartbeat, heartbeatIntervalMs } from "@jobwright/worker-runtime/contract";
import { type LongestRun, noteRun } from "./longest-run.ts";
import type { WorkerReport } from "./signals.ts";
import { append, type Timeline, valueAt } from "./timeline.ts";

/** A worker not heard for longer than this is silent: three heartbeats, so that one lost report means nothing. */
export const freshMs = 3 * heartbeatIntervalMs;

/** How far back the workers' counters can be told: no fresh worker was heard longer ago. */
const recallMs = freshMs + heartbeatIntervalMs;

/** No report comes later than this: the broker keeps it for 10 s. */
const latestMs = 15_000;

/** What is known of one worker. */
export interface KnownWorker {
  /** The newest report. */
  readonly heartbeat: Heartbeat;
  readonly heardAtMs: number;
  /** Jobs begun that count in the fleet's total and are not in `heartbeat`: of earlier epochs, less what came before us. */
  readonly begunBefore: number;
  /** Jobs that the worker ever took from the queue (begun or held), over time. One that failed before is no other job. */
  readonly taken: Timeline;
}

/** The workers of one pool as their heartbeats tell. Totals grow from 0 at `sinceMs` and never fall. */
export interface Fleet {
  readonly sinceMs: number;
  readonly workers: ReadonlyMap<string, KnownWorker>;
  /** Jobs begun by workers that are gone. */
  readonly begunByGone: number;
  /** Runs that ended, well or not. */
  readonly ended: number;
  /** When one was last heard to have. */
  readonly lastEndAtMs: number | undefined;
  /** Runs that ended well. */
  readonly completed: number;
  /** Runs of jobs that had failed before, and those that gave their job up. */
  readonly failing: number;
  /** As exact as heartbeats are frequent; undefined before a run was seen to end. */
  readonly longestRun: LongestRun | undefined;
  /** Time spent in handlers. */
  readonly busySeconds: number;
  /** Squared seconds of the runs that ended, summed; without those of workers that do not tell. */
  readonly squaredSeconds: number;
  /** The newest known start of a job, and how long that job had waited. */
  readonly lastStart: { readonly atMs: number; readonly waitSeconds: number } | undefined;
}

/** @param longestRun as an earlier leader saw it. */
export function startFleet(nowMs: number, longestRun?: LongestRun): Fleet {
  return {
    sinceMs: nowMs,
    workers: new Map(),
    begunByGone: 0,
    ended: 0,
    lastEndAtMs: undefined,
    completed: 0,
    failing: 0,
    longestRun,
    busySeconds: 0,
    squaredSeconds: 0,
    lastStart: undefined,
  };
}

/** A report, and when it came. */
export interface Heard {
  readonly heartbeat: Heartbeat;
  readonly heardAtMs: number;
}

/**
 * Takes in reports, one after the other. Those that are older than what is known (by epoch, then sequence) change nothing. Many
 * at once, since the workers are copied once for all of them: thousands report every second in a large pool.
 */
export function observeHeartbeats(fleet: Fleet, reports: readonly Heard[]): Fleet {
  const workers = new Map(fleet.workers);
  let now: Fleet = { ...fleet, workers };
  for (const report of reports) {
    const { heartbeat } = report;
    const known = workers.get(heartbeat.pod);
    if (known !== undefined && !isNewer(report, known)) continue;
    const { worker, ...totals } = takeIn(now, report, known);
    workers.set(heartbeat.pod, worker);
    now = { ...now, ...totals };
  }
  return now;
}

/** What one report makes of its worker and of the totals. */
function takeIn(fleet: Fleet, { heartbeat, heardAtMs }: Heard, known: KnownWorker | undefined) {
  const base = baseOf(fleet, heartbeat, known);
  const begunBefore =
    known?.heartbeat.epoch === heartbeat.epoch
      ? known.begunBefore
      : (known === undefined ? 0 : known.begunBefore + begunOf(known.heartbeat)) - base.begun;
  // A worker born in our time had taken nothing before its first report.
  const earlier = known?.taken ?? (base.bornSince ? [{ atMs: heardAtMs - heartbeatIntervalMs, value: 0 }] : []);
  const ended = Math.max(0, endedOf(heartbeat) - base.ended);
  const value = begunBefore + begunOf(heartbeat) + heartbeat.held;
  const worker: KnownWorker = {
    heartbeat,
    heardAtMs,
    begunBefore,
    taken: append(earlier, { atMs: heardAtMs, value }, recallMs),
  };
  return {
    worker,
    ended: fleet.ended + ended,
    lastEndAtMs: ended > 0 ? heardAtMs : fleet.lastEndAtMs,
    completed: fleet.completed + Math.max(0, heartbeat.completed - base.completed),
    failing: fleet.failing + Math.max(0, failingOf(heartbeat) - base.failing),
    longestRun: noteRun(fleet.longestRun, { seconds: runThatEnded(heartbeat, known), atMs: heardAtMs }),
    busySeconds: fleet.busySeconds + Math.max(0, heartbeat.busySeconds - base.busySeconds),
    squaredSeconds: fleet.squaredSeconds + Math.max(0, (heartbeat.squaredSeconds ?? 0) - base.squaredSeconds),
    lastStart:
      heartbeat.started > base.started && heartbeat.lastWaitSeconds !== null
        ? { atMs: heardAtMs, waitSeconds: heartbeat.lastWaitSeconds }
        : fleet.lastStart,
  };
}

/** Forgets pods that are gone; what they did stays in the totals. */
export function removePods(fleet: Fleet, pods: readonly string[]): Fleet {
  const gone = pods.flatMap((pod) => fleet.workers.get(pod) ?? []);
  if (gone.length === 0) return fleet;
  const workers = new Map(fleet.workers);
  for (const pod of pods) workers.delete(pod);
  const begun = gone.reduce((sum, { begunBefore, heartbeat }) => sum + begunBefore + begunOf(heartbeat), 0);
  return { ...fleet, workers, begunByGone: fleet.begunByGone + begun };
}

/** Jobs ever taken from the queue, begun or held, as of a moment not long ago; those that are tried again count once. */
export function takenAt(fleet: Fleet, atMs: number): number {
  return [...fleet.workers.values()].reduce((sum, { taken }) => sum + valueAt(taken, atMs), fleet.begunByGone);
}

/** What each worker last reported, for the planner of drains. */
export function reportsOf(fleet: Fleet, nowMs: number): ReadonlyMap<string, WorkerReport> {
  return new Map(
    [...fleet.workers].map(([pod, { heartbeat, heardAtMs }]) => [
      pod,
      {
        state: heartbeat.state,
        busy: heartbeat.busy,
        held: heartbeat.held,
        rate: heartbeat.rate,
        paused: heartbeat.paused,
        heardAtMs,
        fresh: nowMs - heardAtMs <= freshMs,
      },
    ]),
  );
}

/** Of two processes the one that was born later, or where a node's clock was set back in between, the one that is heard. */
function isNewer({ heartbeat, heardAtMs }: Heard, known: KnownWorker): boolean {
  const { epoch, sequence } = known.heartbeat;
  if (heartbeat.epoch === epoch) return heartbeat.sequence > sequence;
  return heartbeat.epoch > epoch || heardAtMs - known.heardAtMs > latestMs;
}

/**
 * What to subtract from a report's counters: the last report of the same process, or nothing for a process born since
 * we began; what an older process did before we first heard it is not ours to count.
 */
function baseOf(fleet: Fleet, heartbeat: Heartbeat, known: KnownWorker | undefined) {
  const bornSince = known !== undefined || heartbeat.epoch >= fleet.sinceMs;
  const base = known?.heartbeat.epoch === heartbeat.epoch ? known.heartbeat : bornSince ? undefined : heartbeat;
  return {
    bornSince,
    started: base?.started ?? 0,
    begun: base === undefined ? 0 : begunOf(base),
    ended: base === undefined ? 0 : endedOf(base),
    busySeconds: base?.busySeconds ?? 0,
    squaredSeconds: base?.squaredSeconds ?? 0,
    completed: base?.completed ?? 0,
    failing: base === undefined ? 0 : failingOf(base),
  };
}

/** How long the oldest run of the report before took at least, s, if it has ended since; else 0. */
function runThatEnded({ epoch, oldestRunningSeconds }: Heartbeat, known: KnownWorker | undefined): number {
  if (known === undefined || known.heartbeat.epoch !== epoch) return 0;
  const before = known.heartbeat.oldestRunningSeconds ?? 0;
  return before > (oldestRunningSeconds ?? 0) ? before : 0;
}

function failingOf({ failed, startedAgain = 0 }: Heartbeat): number {
  return failed + startedAgain;
}

/** Jobs begun. What is tried again because it failed is the job that it was: a rate of failures is no rate of arrivals. */
function begunOf({ started, startedAgain = 0 }: Heartbeat): number {
  return started - startedAgain;
}

function endedOf({ completed, failed, retried }: Heartbeat): number {
  return completed + failed + retried;
}
