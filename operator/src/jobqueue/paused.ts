import type { JobQueueStatus } from "../api/job-queue.ts";
import type { JobQueue } from "../api/objects.ts";
import { removeCondition, setCondition } from "../kube/index.ts";

/**
 * The status with the condition `Paused` as the spec has it. What workers make of it, their WorkerPool says. A queue that
 * is paused is Ready all the same: it is on the broker as asked.
 */
export function withPaused({ spec, metadata }: JobQueue, status: JobQueueStatus, now: Date): JobQueueStatus {
  const { conditions } = status;
  const next = spec.paused
    ? setCondition(
        conditions,
        {
          type: "Paused",
          status: "True",
          reason: "PausedBySpec",
          message:
            "workers take no jobs; what runs is finished, and producers may go on. Set spec.paused to false to go on.",
          observedGeneration: metadata.generation,
        },
        now,
      )
    : removeCondition(conditions, "Paused");
  return { ...status, conditions: next };
}

/** What keeps the jobs of a deleted queue that is paused, as a clause of a sentence; empty where it is not. */
export function pausedClause({ spec }: JobQueue): string {
  return spec.paused ? " It is paused, so no worker takes them: set spec.paused to false to have them done." : "";
}
