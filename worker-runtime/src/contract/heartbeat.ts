import { z } from "zod";
import { readableVersion } from "./version.ts";

/** How often a worker reports when nothing changes. It also reports at once when it turns idle, cordoned or drained. */
export const heartbeatIntervalMs = 2_000;

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

/**
 * What a worker is doing:
 * - `Running`: taking jobs (or trying to: a lost broker does not change the state).
 * - `Cordoned`: told to take no more, still finishing some.
 * - `Drained`: cordoned, and nothing left to finish. Its pod can be removed without repeating any work.
 * - `Stopping`: the process is ending (SIGTERM).
 * - `Stopped`: the last heartbeat of a process.
 */
export const workerState = z.enum(["Running", "Cordoned", "Drained", "Stopping", "Stopped"]);
export type WorkerState = z.infer<typeof workerState>;

/**
 * One worker's report. Counters grow from 0 at the process's start (`epoch`) and never fall within it, so two reports
 * of one epoch can be subtracted.
 */
export const heartbeat = z.object({
  version: readableVersion,
  namespace: z.string(),
  pool: z.string(),
  pod: z.string(),
  /** When the process started, ms since the Unix epoch. A new value means that all counters began again. */
  epoch: z.int(),
  /** Grows by one with each heartbeat of an epoch: a late one can be told from a new one. */
  sequence: count,
  state: workerState,
  /** Slots: jobs this worker can run at once. */
  slots: count,
  /** Slots with a job in them now. */
  busy: count,
  /** Deliveries taken from the broker but not started. */
  held: count,
  /** Runs begun. */
  started: count,
  /** Of these, runs of jobs that had failed before. Absent from workers before protocol 1.3. */
  startedAgain: count.optional(),
  /** Runs that ended well. */
  completed: count,
  /** Runs whose job was dead-lettered. */
  failed: count,
  /** Runs whose job will be tried again. */
  retried: count,
  /** Time spent in handlers, summed over slots; unfinished runs count up to now. */
  busySeconds: seconds,
  /** Sum, over the runs that ended, of their squared seconds: tells how much runs differ. Absent from workers before protocol 1.3. */
  squaredSeconds: seconds.optional(),
  /** Sum, over the runs begun, of the time from first enqueued (or due, for a retry) to start. */
  waitSecondsSum: seconds,
  /** That wait, for the run that began last; null before the first. */
  lastWaitSeconds: seconds.nullable(),
  /** Age of the longest unfinished run; null when idle. */
  oldestRunningSeconds: seconds.nullable(),
  /** The share of the queue's rate limit that it keeps to, in jobs a second; null for no limit. */
  rate: seconds.nullable().optional(),
  /** Whether it takes no jobs because its queue is paused; `Running` all the same. Absent from workers before protocol 1.2. */
  paused: z.boolean().optional(),
});
export type Heartbeat = z.infer<typeof heartbeat>;
