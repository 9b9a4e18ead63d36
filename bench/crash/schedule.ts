import { type Random, seededRandom } from "./random.ts";

export type Victim = "worker" | "producer" | "broker";

/** Somebody is killed `atMs` after the start, and started again `backAfterMs` later. */
export interface Kill {
  readonly atMs: number;
  readonly victim: Victim;
  /** Which of its kind, evenly spread over [0, 1). */
  readonly which: number;
  readonly backAfterMs: number;
}

/** How often each is killed, on average; a broker takes some seconds to come back, and work must go on in between. */
const meanMs: Record<Victim, number> = { worker: 5_000, producer: 12_000, broker: 30_000 };
const longestAbsenceMs: Record<Victim, number> = { worker: 2_000, producer: 2_000, broker: 4_000 };

/** Nobody is killed before everybody had a moment to start, */
const firstKillMs = 4_000;
/** nor so late that the last restart would outlast the run. */
const quietEndMs = 4_000;

/** Who is killed when: the same for the same seed. Each kind is killed at least once in a run of 10 s or more. */
export function killSchedule(seed: number, seconds: number): Kill[] {
  const endMs = seconds * 1000 - quietEndMs;
  const kills = (Object.keys(meanMs) as Victim[]).flatMap((victim, index) => {
    const random = seededRandom(seed + index);
    const times = arrivals(random, meanMs[victim], endMs);
    return times.map((atMs): Kill => {
      return { atMs, victim, which: random(), backAfterMs: random() * longestAbsenceMs[victim] };
    });
  });
  return kills.sort((a, b) => a.atMs - b.atMs);
}

/** Times at random: from half of the mean to one and a half of it apart. */
function arrivals(random: Random, mean: number, endMs: number): number[] {
  const times: number[] = [];
  // The first within the run, however short that is.
  let atMs = firstKillMs + random() * Math.min(mean, (endMs - firstKillMs) / 2);
  while (atMs < endMs) {
    times.push(atMs);
    atMs += mean * (0.5 + random());
  }
  return times;
}
