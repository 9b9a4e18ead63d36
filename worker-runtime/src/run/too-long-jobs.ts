import type { Logger } from "pino";

/**
 * Warns of jobs that may run for longer than the broker lets a worker keep them: they would be delivered to another
 * worker while they run, again and again. A job without a timeout may be short all the same, and is not warned of.
 */
export function warnOfTooLongJobs(
  jobs: readonly { readonly name: string; readonly timeoutMs: number | undefined }[],
  maxJobDurationMs: number | undefined,
  log: Pick<Logger, "warn">,
): void {
  if (maxJobDurationMs === undefined) return;
  for (const { name, timeoutMs } of jobs) {
    if (timeoutMs === undefined || timeoutMs < maxJobDurationMs) continue;
    log.warn(
      { job: name, timeoutMs, maxJobDurationMs },
      "the job's timeout is as long as the queue's maxJobDuration, after which the broker gives the job to another worker: raise the JobQueue's spec.maxJobDuration or lower the timeout",
    );
  }
}
