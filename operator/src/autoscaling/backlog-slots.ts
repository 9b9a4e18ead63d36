import type { Waiting } from "./backlog-ages.ts";
import type { Signals } from "./signals.ts";

/** What is aimed at, of the target: nothing is known exactly, and a pool is looked at once a second. */
const aim = 0.9;

/** What is to be done with what waits, and by whom. */
interface Task {
  /** T. */
  readonly targetSeconds: number;
  /** T₀, measured or assumed. */
  readonly coldStartSeconds: number;
  /** Slots per pod, c. */
  readonly concurrency: number;
  /** Slots that serve nobody else for now. */
  readonly heldSlots: number;
}

/** H = max(0.9·T − T₀, T/4, 1 s): the time left to start what waits now, by a pod that is asked for now. */
export function horizonOf(task: Pick<Task, "targetSeconds" | "coldStartSeconds">): number {
  return atLeast(leftSeconds(task), task.targetSeconds);
}

/**
 * Slots that start all that waits in time, and of it all that has waited for a while in the time that is left to it: the greatest of
 * k·min(1, S/(H − age)) over the k jobs that are at least so old (the demand bound of deadlines, Baruah et al. 1990).
 *
 * Where a start leaves less than a quarter of the target, H is more than there is: a pod that is asked for now comes too late for
 * some of what waits, and what those do that are there or start already, counts. They have all of the target, less what
 * is left of their start. Where that suffices, nobody else is asked for; where not, others do what they leave.
 */
export function slotsForBacklog(signals: Signals, task: Task): number {
  const { backlog, waiting } = signals;
  const all = [{ jobs: backlog, seconds: 0 }, ...waiting.map((one) => ({ ...one, jobs: Math.min(one.jobs, backlog) }))];
  return Math.max(...all.map((jobs) => slotsFor(jobs, signals, task)));
}

function slotsFor({ jobs, seconds }: Waiting, { serviceSeconds, present }: Signals, task: Task): number {
  const { targetSeconds } = task;
  const afresh = atLeast(leftSeconds(task) - seconds, targetSeconds);
  const alone = jobs * Math.min(1, serviceSeconds / afresh);
  if (leftSeconds(task) >= targetSeconds / 4 || serviceSeconds > afresh) return alone;
  const inTime = atLeast(aim * targetSeconds - seconds, targetSeconds);
  const there = slotsThere(present, task);
  const work = jobs * serviceSeconds;
  const done = there.reduce((sum, { slots, inSeconds }) => sum + slots * Math.max(0, inTime - inSeconds), 0);
  if (work <= done) return work / inTime;
  return Math.min(alone, there.reduce((sum, { slots }) => sum + slots, 0) + (work - done) / afresh);
}

/** Slots, and in how many seconds they take jobs. */
function slotsThere(
  { working, startingSeconds }: Signals["present"],
  { coldStartSeconds, concurrency, heldSlots }: Task,
): { readonly slots: number; readonly inSeconds: number }[] {
  return [
    { slots: Math.max(0, working * concurrency - heldSlots), inSeconds: 0 },
    ...startingSeconds.map((age) => ({ slots: concurrency, inSeconds: Math.max(0, coldStartSeconds - age) })),
  ];
}

function leftSeconds({ targetSeconds, coldStartSeconds }: Pick<Task, "targetSeconds" | "coldStartSeconds">): number {
  return aim * targetSeconds - coldStartSeconds;
}

/** What is left may be little or nothing; then what can be done is done within a quarter of the target. */
function atLeast(left: number, targetSeconds: number): number {
  return Math.max(left, targetSeconds / 4, 1);
}
