import type { Faults } from "./faults.ts";
import type { Run } from "./journal.ts";

/** Why the broker delivered a message once more. */
export type Redelivery = "workerKill" | "brokerKill";

/** How long an ack may be on its way: a kill within it may undo the ack, though not the work. */
const ackMs = 2_000;

interface Cut {
  readonly run: Run;
  readonly atMs: number;
  readonly cause: Redelivery;
}

/**
 * Redeliveries among the runs of one attempt of a job: each is a run that was cut off by a kill, and another that began
 * after that.
 *
 * @returns why, for cut runs that did not come to their end, which are delivered again for sure, and for those that did.
 */
export function redeliveries(runs: readonly Run[], faults: Faults): { unended: Redelivery[]; ended: Redelivery[] } {
  const cuts = runs.flatMap((run) => cut(run, faults) ?? []).sort((a, b) => a.atMs - b.atMs);
  const free = runs.toSorted((a, b) => a.startMs - b.startMs);
  const followed = ({ run, atMs }: Cut): boolean => {
    const next = free.findIndex((other) => other !== run && other.startMs >= Math.max(atMs, run.startMs));
    if (next >= 0) free.splice(next, 1);
    return next >= 0;
  };
  const causes = (some: Cut[]) => some.filter(followed).map(({ cause }) => cause);
  return {
    unended: causes(cuts.filter(({ run }) => !cameToItsEnd(run))),
    ended: causes(cuts.filter(({ run }) => cameToItsEnd(run))),
  };
}

function cameToItsEnd({ ending }: Run): boolean {
  return ending !== undefined && ending !== "aborted";
}

/** The first kill between a run's start and the time when its outcome was safe. */
function cut(run: Run, { kills, outages }: Faults): Cut | undefined {
  const killedMs = kills.get(run.pid);
  // While a retry or dead letter is not confirmed, which a busy broker may take its time for, the delivery is not acked.
  const untilMs = run.settledMs === undefined ? (killedMs ?? Number.POSITIVE_INFINITY) : run.settledMs + ackMs;
  const found: Cut[] = outages
    .filter(({ fromMs, toMs }) => fromMs <= untilMs && toMs >= run.startMs)
    .map(({ fromMs }) => ({ run, atMs: fromMs, cause: "brokerKill" }));
  // A killed worker's run without an end was cut by that, even if it is noted a moment before the run's start.
  const byKill = killedMs !== undefined && killedMs <= untilMs && (killedMs >= run.startMs || run.endMs === undefined);
  if (byKill) found.push({ run, atMs: killedMs, cause: "workerKill" });
  return found.sort((a, b) => a.atMs - b.atMs)[0];
}
