import type { Run, Sent } from "./journal.ts";

/** From when to when the broker was away. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Evidence {
  readonly sent: readonly Sent[];
  readonly runs: readonly Run[];
  /** Ids of dead letters. */
  readonly dead: ReadonlySet<string>;
  /** When which worker was killed, by process id. */
  readonly workerKills: ReadonlyMap<number, number>;
  readonly outages: readonly Outage[];
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
  readonly lostIds: readonly string[];
  /** `<id> attempt <n>`. */
  readonly unexplained: readonly string[];
}

/**
 * How long after a handler's end its outcome may still be on its way: a kill within it may undo the ack, though not the
 * work.
 */
const settleMs = 2_000;

/**
 * Judges a crash test.
 *
 * A repeated run is explained by kills as at-least-once delivery foresees it, and by nothing else. One attempt of a job
 * may run as often as there are
 * - copies of it: one, and for each outage between a producer's sending it and its confirm one more, as it is sent again.
 *   A later attempt has a copy for each run of the one before that failed, and one more for each of these whose outcome
 *   an outage cut off, as the retry may have been stored without the worker's learning of it. Each outage while a copy
 *   waits in the delay fabric may double it: the broker hands it from level to level at least once;
 * - runs of it that were cut off by a kill of their worker or of the broker, from their start until their outcome was safe;
 * - runs of it that were put off.
 */
export function judge({ sent, runs, dead, workerKills, outages }: Evidence): Verdict {
  const crosses = (fromMs: number, toMs: number) =>
    outages.filter((outage) => outage.fromMs <= toMs && outage.toMs >= fromMs).length;
  const end = (run: Run) => (run.endMs ?? run.startMs) + settleMs;
  const cutByBroker = (run: Run) => crosses(run.startMs, end(run)) > 0;
  const cutByWorker = (run: Run) => {
    const killedMs = workerKills.get(run.pid);
    return killedMs !== undefined && killedMs <= end(run) && killedMs >= run.startMs;
  };

  const done = new Set(runs.filter(({ ending }) => ending === "done").map(({ id }) => id));
  const accepted = sent.filter(({ acceptedMs }) => acceptedMs !== undefined);
  const lostIds = accepted.filter(({ id }) => !done.has(id) && !dead.has(id)).map(({ id }) => id);

  /** Copies of one that waits in the delay fabric from a time on, until the first run after it. */
  const delayed = (fromMs: number, next: readonly Run[]) => {
    const starts = next.map(({ startMs }) => startMs).filter((startMs) => startMs >= fromMs);
    return starts.length === 0 ? 1 : 2 ** crosses(fromMs, Math.min(...starts));
  };
  const sentById = new Map(sent.map((one) => [one.id, one]));
  const copiesSent = (id: string, first: readonly Run[]) => {
    const one = sentById.get(id);
    if (one === undefined) return 0;
    const { sentMs, acceptedMs = Number.POSITIVE_INFINITY } = one;
    return (1 + crosses(sentMs, acceptedMs)) * (one.delayed ? delayed(sentMs, first) : 1);
  };
  let duplicates = 0;
  let unexplainedDuplicates = 0;
  const unexplained: string[] = [];
  for (const [id, ofJob] of Map.groupBy(runs, (run) => run.id)) {
    const byAttempt = Map.groupBy(ofJob, (run) => run.attempt);
    let copies = copiesSent(id, byAttempt.get(1) ?? []);
    for (let attempt = 1; attempt <= Math.max(...byAttempt.keys()); attempt += 1) {
      const ofAttempt = byAttempt.get(attempt) ?? [];
      const later = ofAttempt.filter(({ ending }) => ending === "later");
      const cut = ofAttempt.filter((run) => cutByWorker(run) || cutByBroker(run));
      duplicates += Math.max(0, ofAttempt.length - later.length - 1);
      // A run that was put off and cut off may come back twice.
      const putOff = later.reduce((sum, run) => sum + delayed(run.endMs ?? run.startMs, ofAttempt), 0);
      const allowed = copies + cut.length + putOff;
      if (ofAttempt.length > allowed) {
        unexplainedDuplicates += ofAttempt.length - allowed;
        unexplained.push(`${id} attempt ${attempt}`);
      }
      const failed = ofAttempt.filter(({ ending }) => ending === "failed");
      const next = byAttempt.get(attempt + 1) ?? [];
      copies = failed.reduce(
        (sum, run) => sum + (cutByBroker(run) ? 2 : 1) * delayed(run.endMs ?? run.startMs, next),
        0,
      );
    }
  }
  return {
    accepted: accepted.length,
    done: accepted.filter(({ id }) => done.has(id)).length,
    deadLettered: accepted.filter(({ id }) => !done.has(id) && dead.has(id)).length,
    lost: lostIds.length,
    duplicates,
    unexplainedDuplicates,
    lostIds,
    unexplained,
  };
}
