import { setTimeout as sleep } from "node:timers/promises";
import { planDelays } from "./plan.ts";
import { openStage, type Stage } from "./stage.ts";
import { type DelayedJob, judge, type Verdict } from "./verdict.ts";

export interface DelaysOptions {
  /** Delays in all; a fifth of them in real time. */
  readonly jobs: number;
  /** The longest delay in real time; the shortest is a second. */
  readonly longestRealSeconds: number;
  /** Of those with a hastened clock. */
  readonly shortestSeconds: number;
  readonly longestSeconds: number;
  /** How fast the broker's clock runs in the second part. */
  readonly rate: number;
  /** How often the broker is killed in each part, beside once between them. */
  readonly kills: number;
  readonly seed: number;
  say(progress: string): void;
}

export interface DelaysResult {
  readonly all: Verdict;
  /** At the machine's own pace, and at `rate`. */
  readonly real: Verdict;
  readonly hastened: Verdict;
  readonly restarts: number;
}

/**
 * Sends jobs through the delay fabric of a RabbitMQ that is killed and started again while they wait: a part in real time,
 * which shows exactly when they come, and a part with a clock that makes days of minutes.
 */
export async function runDelays(options: DelaysOptions): Promise<DelaysResult> {
  const { jobs, rate, kills, seed, say } = options;
  await using stage = await openStage();
  const real = Math.floor(jobs / 5);
  let restarts = 0;

  async function enqueue(delays: readonly number[]): Promise<void> {
    const beganMs = performance.now();
    await stage.enqueue(delays);
    say(`${delays.length} jobs enqueued in ${seconds(beganMs)} s`);
  }

  async function restart(at: number): Promise<void> {
    await stage.restart(at);
    restarts += 1;
    say(`killed and started again at ${at} × real time; ${stage.arrived} of ${stage.jobs.length} had come`);
  }

  /** Kills evenly between now and when the last is due; by the real clock. */
  async function wait(longestSeconds: number, at: number): Promise<void> {
    const beganMs = performance.now();
    for (let kill = 1; kill <= kills; kill += 1) {
      await sleep((longestSeconds / at / (kills + 1)) * 1000);
      await restart(at);
    }
    await allArrived(stage, longestSeconds / at);
    say(`${stage.arrived} of ${stage.jobs.length} have come after ${seconds(beganMs)} s`);
  }

  await enqueue(planDelays(real, 1, options.longestRealSeconds, seed));
  await wait(options.longestRealSeconds, 1);
  // In real time too: a hastened broker stores slowly. From now on its clock goes on from here.
  await enqueue(planDelays(jobs - real, options.shortestSeconds, options.longestSeconds, seed + 1));
  await restart(rate);
  await wait(options.longestSeconds, rate);

  const seen = stage.jobs.map(
    ({ delaySeconds, takenMs = 0, arrivals }): DelayedJob => ({ dueMs: takenMs + delaySeconds * 1000, arrivals }),
  );
  return { all: judge(seen), real: judge(seen.slice(0, real)), hastened: judge(seen.slice(real)), restarts };
}

/** Waits until all have come, or none has for longer than any could take. */
async function allArrived(stage: Stage, longestMs: number): Promise<void> {
  const patienceMs = longestMs * 1000 + 30_000;
  let sinceMs = performance.now();
  for (let before = stage.arrived; stage.arrived < stage.jobs.length; ) {
    if (performance.now() - sinceMs > patienceMs) return;
    await sleep(200);
    if (stage.arrived > before) sinceMs = performance.now();
    before = stage.arrived;
  }
}

const seconds = (sinceMs: number) => Math.round((performance.now() - sinceMs) / 100) / 10;
