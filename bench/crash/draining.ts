import { setTimeout as sleep } from "node:timers/promises";
import type { CrashQueue } from "./crash-queue.ts";
import type { Fleet } from "./fleet.ts";

/** How long the rest may not grow less. */
const standstillMs = 120_000;

/**
 * Waits until each producer has met its quota, `limitMs` at most; then those that have not are ended.
 *
 * @returns how many have not.
 */
export async function producersDone(producers: Fleet, limitMs: number, lookEveryMs = 1_000): Promise<number> {
  const deadlineMs = performance.now() + limitMs;
  while (producers.unfinished > 0 && performance.now() < deadlineMs) {
    producers.revive();
    await sleep(lookEveryMs);
  }
  const late = producers.unfinished;
  if (late > 0) await producers.end(0);
  return late;
}

/**
 * Waits until no queue holds a job, when nothing is sent any more: for as long as the rest grows less, at the latest
 * every `patienceMs`.
 *
 * @returns how many messages are left after all; -1 when the broker cannot say.
 */
export async function drained(
  workers: Pick<Fleet, "revive">,
  crashQueue: Pick<CrashQueue, "unfinished">,
  { patienceMs = standstillMs, lookEveryMs = 1_000 } = {},
): Promise<number> {
  let deadlineMs = performance.now() + patienceMs;
  let fewest = Number.POSITIVE_INFINITY;
  let left: number | undefined;
  // The broker counts once a second: one look may be at a moment when a job is on its way from one queue to the next.
  for (let empty = 0; empty < 4; ) {
    workers.revive();
    left = await crashQueue.unfinished();
    if (left !== undefined && left < fewest) {
      fewest = left;
      deadlineMs = performance.now() + patienceMs;
    }
    empty = left === 0 ? empty + 1 : 0;
    if (performance.now() > deadlineMs) return left ?? -1;
    await sleep(lookEveryMs);
  }
  return 0;
}
