import { type Random, seededRandom } from "../crash/random.ts";

/** A job to enqueue, and how long its handler takes. */
export interface Arrival {
  /** From the start of the trace. */
  readonly atMs: number;
  readonly ms: number;
}

export interface Trace {
  readonly name: string;
  readonly about: string;
  readonly arrivals: readonly Arrival[];
  /** After so long, what is not done counts as lost. */
  readonly limitSeconds: number;
}

/** The most workers in every trace. */
export const maxReplicas = 20;

const many = (count: number, arrival: Arrival): Arrival[] => Array.from({ length: count }, () => arrival);

/** Arrivals by chance (Poisson), so many a second on average. */
function poisson(random: Random, span: { fromMs: number; toMs: number; perSecond: number }, ms: number): Arrival[] {
  const arrivals: Arrival[] = [];
  for (let atMs = span.fromMs; ; ) {
    atMs += (-Math.log(1 - random()) / span.perSecond) * 1000;
    if (atMs >= span.toMs) return arrivals;
    arrivals.push({ atMs, ms });
  }
}

function steps(): Arrival[] {
  const random = seededRandom(1);
  return [4, 24, 4].flatMap((perSecond, minute) =>
    poisson(random, { fromMs: minute * 60_000, toMs: (minute + 1) * 60_000, perSecond }, 500),
  );
}

function mixed(): Arrival[] {
  const atOnce = [...many(40, { atMs: 0, ms: 1_000 }), ...many(6, { atMs: 0, ms: 45_000 })];
  return [...atOnce, ...poisson(seededRandom(2), { fromMs: 1_000, toMs: 60_000, perSecond: 1 }, 1_000)];
}

/** The same jobs at the same times for every subject. All begin with no workers. */
export const traces: readonly Trace[] = [
  { name: "single", about: "one job of 500 ms", arrivals: many(1, { atMs: 0, ms: 500 }), limitSeconds: 120 },
  { name: "burst", about: "600 jobs of 500 ms at once", arrivals: many(600, { atMs: 0, ms: 500 }), limitSeconds: 300 },
  { name: "steps", about: "4, 24, then 4 jobs/s of 500 ms, a minute each", arrivals: steps(), limitSeconds: 480 },
  {
    name: "mixed",
    about: "40 jobs of 1 s and 6 of 45 s at once, then a job of 1 s each second for a minute",
    arrivals: mixed(),
    limitSeconds: 600,
  },
];

/** The least time in which a trace's jobs can be done by all the workers at once, ms. */
export function idealMs({ arrivals }: Trace): number {
  return arrivals.reduce((sum, { ms }) => sum + ms, 0) / maxReplicas;
}
