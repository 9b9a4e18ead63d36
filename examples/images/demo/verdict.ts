import type { Tally } from "./tally.ts";

/** Everything that the verdict rests on. */
export interface Evidence {
  /** Ids of the jobs that the broker confirmed. */
  published: readonly string[];
  /** Ids found in the dead-letter queue, as often as they were found. */
  deadLettered: readonly string[];
  /** What the recorder heard of the handlers. */
  tally: Tally;
  /** The most worker pods seen at once. */
  peakWorkers: number;
  /** When the broker confirmed the first job, ms since the Unix epoch. */
  firstConfirmedAt: number;
}

export interface Verdict {
  done: number;
  deadLettered: number;
  /** Confirmed jobs that are neither done nor dead-lettered. */
  lost: string[];
  /** Jobs with an attempt that began more than once, that ended well more than once, or that ended in two ways. */
  repeated: string[];
  peakWorkers: number;
  /** From the first confirmed publish to the first start of a handler; undefined when none started. */
  firstStartedAfterMs: number | undefined;
  /** Whether nothing was lost and nothing repeated. */
  ok: boolean;
}

/** Judges a run. Retried attempts are not repeats: each attempt may begin once. */
export function verdict({ published, deadLettered, tally, peakWorkers, firstConfirmedAt }: Evidence): Verdict {
  const dead = new Map<string, number>();
  for (const id of deadLettered) dead.set(id, (dead.get(id) ?? 0) + 1);
  const startedAgain = new Set<string>();
  for (const [run, starts] of tally.starts) {
    if (starts > 1) startedAgain.add(run.slice(0, run.lastIndexOf("/")));
  }
  const endings = (id: string) => (tally.finishes.get(id) ?? 0) + (dead.get(id) ?? 0);
  const lost = published.filter((id) => endings(id) === 0);
  const repeated = published.filter((id) => startedAgain.has(id) || endings(id) > 1);
  return {
    done: published.filter((id) => tally.done.has(id)).length,
    deadLettered: published.filter((id) => dead.has(id)).length,
    lost,
    repeated,
    peakWorkers,
    firstStartedAfterMs: tally.firstStartedAt === undefined ? undefined : tally.firstStartedAt - firstConfirmedAt,
    ok: lost.length === 0 && repeated.length === 0,
  };
}

/** The demo's last line. */
export function verdictLine({ done, deadLettered, lost, repeated, peakWorkers, firstStartedAfterMs }: Verdict): string {
  const first =
    firstStartedAfterMs === undefined ? "no job started" : `first job started after ${firstStartedAfterMs} ms`;
  return (
    `demo: ${done} jobs done, ${deadLettered} dead-lettered, ${lost.length} lost, ${repeated.length} repeated, ` +
    `peak ${peakWorkers} workers, ${first}`
  );
}
