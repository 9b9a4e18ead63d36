import { drainSchedule } from "../lifecycle.ts";
import type { ControlledClock } from "./controlled-clock.ts";
import type { MemoryWorker } from "./memory-worker.ts";
import type { Patience } from "./patience.ts";

/** Ends a worker as SIGTERM does: time passes until its jobs have ended, are aborted, or are given back. */
export async function drainWorker(
  worker: MemoryWorker,
  timeoutMs: number,
  { clock, patience, atRest }: { clock: ControlledClock; patience: Patience; atRest: () => boolean },
): Promise<void> {
  worker.pause();
  const { abortAfterMs, exitAfterMs } = drainSchedule(timeoutMs);
  const beganMs = clock.now();
  await patience.until(atRest);
  for (const [afterMs, then] of [
    [abortAfterMs, () => worker.abortAll()],
    [exitAfterMs, () => worker.crash()],
  ] as const) {
    while (worker.running > 0 && clock.fireNext(beganMs + afterMs)) await patience.until(atRest);
    if (worker.running === 0) return;
    clock.turnTo(beganMs + afterMs);
    then();
    patience.renew();
    await patience.until(() => worker.running === 0);
  }
}
