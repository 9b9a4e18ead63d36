import { Cron } from "croner";

/** When more workers are kept, as a pool's spec has it. */
export interface ScheduleSpec {
  /** Five fields. */
  readonly cron: string;
  /** As in the IANA database. */
  readonly timeZone: string;
  /** Elapsed time: a window over a change to summer time is not longer or shorter for it. */
  readonly durationMs: number;
  readonly minReplicas: number;
}

/** A schedule whose times can be told; made by {@link readSchedule}. */
export interface Schedule extends ScheduleSpec {
  /** The first opening after a moment, ms since the Unix epoch; undefined where there is none any more. */
  openingAfter(ms: number): number | undefined;
}

/** The fewest workers that schedules ask for. */
export interface Floor {
  /** 0 while no window is open. */
  readonly minReplicas: number;
  /** The schedule that asks for them. */
  readonly schedule: Schedule | undefined;
  /** Until when nothing of this can change, ms since the Unix epoch; infinite without a schedule. */
  readonly untilMs: number;
}

/** A schedule that never can be kept. `message` says what was found, what was expected and what to do. */
export class ScheduleError extends Error {
  readonly field: "cron" | "timeZone";

  constructor(field: ScheduleError["field"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ScheduleError";
    this.field = field;
  }
}

/**
 * Reads a schedule's cron and time zone. A time that a change to summer time leaves out comes when the clock has passed it;
 * one that comes twice counts once, the first time.
 *
 * @throws ScheduleError for a time zone that there is not, and for a cron that cannot be read or never comes.
 */
export function readSchedule(spec: ScheduleSpec): Schedule {
  const { cron, timeZone } = spec;
  requireTimeZone(timeZone);
  const times = readCron(cron, timeZone);
  const openingAfter = (ms: number) => times.nextRun(new Date(ms))?.getTime();
  // Any moment will do: what comes at all comes again within the eight years that may lie between two 29 Februaries.
  if (openingAfter(0) === undefined) {
    throw new ScheduleError("cron", `found '${cron}', which never comes: expected a day that the month has`);
  }
  return { ...spec, openingAfter };
}

function requireTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (cause) {
    const message = `found '${timeZone}': expected a name of the IANA time zone database, such as UTC or Europe/Berlin`;
    throw new ScheduleError("timeZone", message, { cause });
  }
}

function readCron(cron: string, timeZone: string): Cron {
  try {
    return new Cron(cron, { timezone: timeZone, mode: "5-part" });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, "") : String(cause);
    const message = `found '${cron}' (${why}): expected minute hour day-of-month month day-of-week, such as '0 8 * * 1-5'`;
    throw new ScheduleError("cron", message, { cause });
  }
}

/**
 * The floor at a moment: of all windows that are open, the largest. A window is open from its opening until just before it
 * has been open for its duration, so it is open now if one of the last `durationMs` opened it. Pure.
 */
export function floorAt(schedules: readonly Schedule[], nowMs: number): Floor {
  let floor: Floor = { minReplicas: 0, schedule: undefined, untilMs: Number.POSITIVE_INFINITY };
  for (const schedule of schedules) {
    const { durationMs, minReplicas } = schedule;
    const openedAtMs = schedule.openingAfter(nowMs - durationMs) ?? Number.POSITIVE_INFINITY;
    const isOpen = openedAtMs <= nowMs;
    // A later opening may prolong it: that is seen then.
    const untilMs = Math.min(floor.untilMs, isOpen ? openedAtMs + durationMs : openedAtMs);
    floor = isOpen && minReplicas > floor.minReplicas ? { minReplicas, schedule, untilMs } : { ...floor, untilMs };
  }
  return floor;
}
