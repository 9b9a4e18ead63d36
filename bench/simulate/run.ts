import { seededRandom } from "../crash/random.ts";
import { waitsOf } from "../harness/scaling-figures.ts";
import { createClock } from "./clock.ts";
import type { Outcome } from "./outcome.ts";
import type { Job } from "./pod.ts";
import type { Scene, Subject } from "./subject.ts";
import { maxAttempts, type Trace } from "./trace.ts";
import { createWorld } from "./world.ts";

/** Some moment at which simulated time begins. */
const beginMs = 1_000_000;

/** What does not come to its end in this time is given up: jobs after the last was enqueued, pods after the last job. */
const patienceMs = 900_000;

/** Runs a trace under a subject. Pure: the same seed gives the same outcome. `watch` sees each second of it. */
export function runTrace(trace: Trace, subject: Subject, seed: number, watch?: (scene: Scene) => void): Outcome {
  const random = seededRandom(seed);
  const clock = createClock(beginMs);
  const world = createWorld(clock, trace, random, subject.graceMs, subject.warm?.(trace) ?? 0);
  subject.begin(world);
  if (watch !== undefined) clock.every(beginMs, 1_000, () => watch(world));
  const firstMs = beginMs + (trace.jobs[0]?.atMs ?? 0);
  const untilMs = beginMs + (trace.jobs.at(-1)?.atMs ?? 0) + patienceMs + 2 * leastMs(trace);

  clock.runWhile(() => clock.nowMs < untilMs && world.unsettled > 0);
  const drainedAtMs = clock.nowMs;
  const podMs = world.podMs();
  const { replicaChanges } = world;
  const staysMs = drainedAtMs + patienceMs;
  clock.runWhile(() => clock.nowMs < staysMs && world.pods().length > 0);

  const { jobs } = world;
  const starts = jobs.flatMap(({ firstStartedAtMs }) => firstStartedAtMs ?? []);
  return {
    jobs: jobs.length,
    lost: world.unsettled,
    repeated: jobs.reduce((sum, job) => sum + Math.max(0, job.runs - runsAsked(job)), 0),
    brokenOff: world.brokenOff,
    firstStartMs: Math.min(...starts) - firstMs,
    drainMs: drainedAtMs - firstMs,
    ...waitsOf(jobs.map(({ firstStartedAtMs, enqueuedAtMs }) => (firstStartedAtMs ?? drainedAtMs) - enqueuedAtMs)),
    podSeconds: podMs / 1000,
    podSecondsToZero: world.podMs() / 1000,
    podsLeft: world.pods().length,
    replicaChanges,
  };
}

/** The time that all slots together need for all runs. */
function leastMs({ jobs, settings }: Trace): number {
  const workMs = jobs.reduce(
    (sum, { serviceMs, failures }) => sum + serviceMs * Math.min(failures + 1, maxAttempts),
    0,
  );
  return workMs / (settings.concurrency * settings.maxReplicas);
}

/** The runs that a job asks for by itself: one for each failure that counts, and one that does it. */
function runsAsked({ failed }: Job): number {
  return Math.max(1, failed + (failed < maxAttempts ? 1 : 0));
}
