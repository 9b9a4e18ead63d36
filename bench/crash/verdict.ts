import { type Cause, duplicatesOf } from "./duplicates.ts";
import type { Faults } from "./faults.ts";
import type { Run, Sent } from "./journal.ts";

export interface Evidence extends Faults {
  readonly sent: readonly Sent[];
  readonly runs: readonly Run[];
  /** Ids of dead letters. */
  readonly dead: ReadonlySet<string>;
}

export interface Verdict {
  /** Jobs whose `enqueue` resolved. */
  readonly accepted: number;
  /** Of these, those that ran to their good end. */
  readonly done: number;
  /** Of these, those that did not and are in the dead-letter queue. */
  readonly deadLettered: number;
  /** Of these, those that are neither. */
  readonly lost: number;
  /** Runs of one attempt of a job beyond its first; a run that was put off (`RetryLater`) and its next count as one. */
  readonly duplicates: number;
  /** Those that no kill explains. */
  readonly unexplainedDuplicates: number;
  /** The others, by what most likely made them. */
  readonly explainedBy: Readonly<Record<Cause, number>>;
  readonly lostIds: readonly string[];
  /** `<id> attempt <n>`, for each unexplained duplicate. */
  readonly unexplained: readonly string[];
}

/**
 * Judges a crash test: every accepted job must have ended, and only kills may make one run again, as at-least-once
 * delivery foresees it.
 */
export function judge({ sent, runs, dead, kills, outages }: Evidence): Verdict {
  const done = new Set(runs.filter(({ ending }) => ending === "done").map(({ id }) => id));
  const accepted = sent.filter(({ acceptedMs }) => acceptedMs !== undefined);
  const lostIds = accepted.filter(({ id }) => !done.has(id) && !dead.has(id)).map(({ id }) => id);

  const faults = { kills, outages: outages.toSorted((a, b) => a.fromMs - b.fromMs) };
  const sentById = new Map(sent.map((one) => [one.id, one]));
  const explainedBy: Record<Cause, number> = { workerKill: 0, brokerKill: 0, producerResend: 0, delayFabric: 0 };
  const unexplained: string[] = [];
  let duplicates = 0;
  for (const [id, ofJob] of Map.groupBy(runs, (run) => run.id)) {
    for (const { attempt, cause } of duplicatesOf(sentById.get(id), ofJob, faults)) {
      duplicates += 1;
      if (cause === undefined) unexplained.push(`${id} attempt ${attempt}`);
      else explainedBy[cause] += 1;
    }
  }
  return {
    accepted: accepted.length,
    done: accepted.filter(({ id }) => done.has(id)).length,
    deadLettered: accepted.filter(({ id }) => !done.has(id) && dead.has(id)).length,
    lost: lostIds.length,
    duplicates,
    unexplainedDuplicates: unexplained.length,
    explainedBy,
    lostIds,
    unexplained,
  };
}
