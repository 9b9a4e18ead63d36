import { copiesAfterDelay, type Faults, outagesBegun } from "./faults.ts";
import type { Run, Sent } from "./journal.ts";
import { type Redelivery, redeliveries } from "./redeliveries.ts";

/**
 * Why a job ran once more:
 * - `workerKill`, `brokerKill`: the kill cut off a run before its outcome was safe;
 * - `producerResend`: its producer did not learn that the broker had it, and sent it again;
 * - `delayFabric`: it waited there when the broker was killed.
 */
export type Cause = "workerKill" | "brokerKill" | "producerResend" | "delayFabric";

/** A run of an attempt beyond its first. */
export interface Duplicate {
  readonly attempt: number;
  /** What most likely made it; undefined when no kill can have. */
  readonly cause: Cause | undefined;
}

/** The copies of an attempt that were sent, by producer or retry. */
interface Copies {
  /** Whether there is one at all. */
  readonly any: boolean;
  /** Why there is each further one. */
  readonly further: readonly (Cause | undefined)[];
  /** How many more the delay fabric may have made of them. */
  readonly doubled: number;
}

/**
 * The duplicates among one job's runs. A run that was put off (`RetryLater`) and its next count as one.
 *
 * Each possible cause explains one. If there are more of them than duplicates, those count that are the surest: runs
 * that did not come to their end, then copies that follow from duplicates of the attempt before (their cause is the
 * same), then jobs sent again, runs whose outcome may not have been safe yet, and at last the delay fabric.
 */
export function duplicatesOf(sent: Sent | undefined, runs: readonly Run[], faults: Faults): Duplicate[] {
  const byAttempt = Map.groupBy(runs, ({ attempt }) => attempt);
  const duplicates: Duplicate[] = [];
  let copies = copiesSent(sent, faults);
  for (let attempt = 1; attempt <= Math.max(...byAttempt.keys()); attempt += 1) {
    const ofAttempt = byAttempt.get(attempt) ?? [];
    const later = ofAttempt.filter(({ ending }) => ending === "later");
    const { unended, ended } = redeliveries(ofAttempt, faults);
    const causes = [
      ...unended,
      ...copies.further.filter((cause) => cause !== undefined),
      ...ended,
      ...Array<Cause>(copies.doubled + doubled(later, faults)).fill("delayFabric"),
    ];
    // A run that nothing sent has no first to be a duplicate of; it is one all the same.
    const count = Math.max(0, ofAttempt.length - later.length - (copies.any ? 1 : 0));
    const explained = Array.from({ length: count }, (_, index) => causes[index]);
    duplicates.push(...explained.map((cause) => ({ attempt, cause })));
    copies = retries(ofAttempt, unended, explained, faults);
  }
  return duplicates;
}

function copiesSent(sent: Sent | undefined, { kills, outages }: Faults): Copies {
  if (sent === undefined) return { any: false, further: [], doubled: 0 };
  const { pid, sentMs, delayMs, acceptedMs, refusedMs } = sent;
  const untilMs = acceptedMs ?? refusedMs ?? kills.get(pid) ?? Number.POSITIVE_INFINITY;
  const again = outagesBegun(outages, sentMs, untilMs);
  return {
    any: true,
    further: Array<Cause>(again).fill("producerResend"),
    doubled: (1 + again) * (copiesAfterDelay(outages, sentMs, delayMs === 0 ? undefined : sentMs + delayMs) - 1),
  };
}

/** The copies of the next attempt: one for each run that failed, whether or not its worker learnt that it was stored. */
function retries(
  runs: readonly Run[],
  unended: readonly Redelivery[],
  explained: readonly (Cause | undefined)[],
  faults: Faults,
): Copies {
  const failed = runs.filter(({ ending }) => ending === "failed");
  return {
    any: failed.length > 0,
    // A run that did not end left no copy, so what it explains is not passed on.
    further: explained.slice(unended.length).slice(0, Math.max(0, failed.length - 1)),
    doubled: doubled(failed, faults),
  };
}

/** How many more copies of these runs' jobs the delay fabric may have made, from the failure until the retry was due. */
function doubled(runs: readonly Run[], { kills, outages }: Faults): number {
  return runs.reduce((sum, { pid, startMs, endMs = startMs, settledMs = kills.get(pid) ?? endMs, delayMs }) => {
    const dueMs = delayMs === 0 ? undefined : settledMs + delayMs;
    return sum + copiesAfterDelay(outages, endMs, dueMs) - 1;
  }, 0);
}
