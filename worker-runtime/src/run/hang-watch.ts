import type { Clock } from "../clock.ts";
import { JobHung } from "../errors.ts";
import type { Job } from "../job.ts";

/** The run that is watched. */
export interface WatchedRun {
  /** Called at each `job.heartbeat()` and `job.progress()`. */
  onHeartbeat: (() => void) | undefined;
  readonly interruption: { abort(reason: unknown): void };
}

/**
 * Aborts a run with JobHung when no sign of life has come for the job's `heartbeatTimeout`. A sign of life only notes
 * the time: a handler may give a million a second, and there is one timer all the same.
 *
 * @returns call it when the handler has ended; undefined if the job has no heartbeatTimeout.
 */
export function watchForHang(
  { name, heartbeatTimeoutMs }: Pick<Job, "name" | "heartbeatTimeoutMs">,
  run: WatchedRun,
  clock: Clock,
): (() => void) | undefined {
  if (heartbeatTimeoutMs === undefined) return undefined;
  let lastMs = clock.monotonic();
  run.onHeartbeat = () => {
    lastMs = clock.monotonic();
  };
  const look = () => {
    const silentMs = clock.monotonic() - lastMs;
    if (silentMs >= heartbeatTimeoutMs) run.interruption.abort(new JobHung(name, heartbeatTimeoutMs));
    // A little longer, since timers may fire a trifle early.
    else cancel = clock.after(heartbeatTimeoutMs - silentMs + 1, look);
  };
  let cancel = clock.after(heartbeatTimeoutMs, look);
  return () => cancel();
}
