import type { TracedJob } from "./trace.ts";

/** How long a job runs: the same for all, or drawn for each. */
export type Service = (atMs: number) => number;

/** So many jobs at once. */
export function burst(count: number, atMs: number, service: Service): TracedJob[] {
  return Array.from({ length: count }, () => ({ atMs, serviceMs: service(atMs), failures: 0 }));
}

/** Jobs at a rate that may change, jobs/s: evenly spaced, or at random (a Poisson process, by thinning) where `random` is given. */
export function flow(
  rate: (atMs: number) => number,
  { fromMs = 0, untilMs }: { readonly fromMs?: number; readonly untilMs: number },
  service: Service,
  random?: () => number,
): TracedJob[] {
  const jobs: TracedJob[] = [];
  const stepMs = 10;
  let dueJobs = 0;
  for (let atMs = fromMs; atMs < untilMs; atMs += stepMs) {
    const expected = (rate(atMs) * stepMs) / 1000;
    dueJobs = random === undefined ? dueJobs + expected : Number(random() < expected);
    for (; dueJobs >= 1 - 1e-9; dueJobs -= 1) jobs.push({ atMs, serviceMs: service(atMs), failures: 0 });
  }
  return jobs;
}

/** Numbers of a normal distribution (Box and Muller, 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A lognormal with this mean: most runs are short, some very long. sigma 1.5 has its 99th percentile at 10 × the mean. */
export function heavyTail(meanMs: number, sigma: number, random: () => number): Service {
  return () => Math.max(50, meanMs * Math.exp(sigma * normal(random) - (sigma * sigma) / 2));
}

export function inOrder(jobs: readonly TracedJob[]): TracedJob[] {
  return jobs.toSorted((a, b) => a.atMs - b.atMs);
}
