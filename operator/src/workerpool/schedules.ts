import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { WorkerPool } from "../api/objects.ts";
import { readSchedule, type Schedule, ScheduleError } from "../autoscaling/schedule.ts";
import { asOne, Problem } from "../problem.ts";

/** What became of a pool's `spec.scaling.schedules`. */
export interface Schedules {
  readonly kept: readonly Schedule[];
  /** Which cannot be kept, and why; the others are, and the pool works all the same. */
  readonly refused: Problem | undefined;
}

/** Reads a pool's schedules. Most mistakes the API server has refused by now; which zones and days there are it does not know. */
export function readSchedules({ spec }: Pick<WorkerPool, "spec">): Schedules {
  const kept: Schedule[] = [];
  const problems: Problem[] = [];
  for (const [index, { duration, ...schedule }] of (spec.scaling.schedules ?? []).entries()) {
    try {
      kept.push(readSchedule({ ...schedule, durationMs: parseDuration(duration) }));
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      const message = `spec.scaling.schedules[${index}].${error.field}: ${error.message}. Correct it, or remove the schedule, which is not kept until then.`;
      problems.push(new Problem("Stalled", "ScheduleInvalid", message, { cause: error }));
    }
  }
  return { kept, refused: asOne(problems) };
}
