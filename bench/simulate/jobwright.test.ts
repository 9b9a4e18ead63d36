import { describe, expect, test } from "vitest";
import type { ScalingSettings } from "../../operator/src/autoscaling/signals.ts";
import { seededRandom } from "../crash/random.ts";
import { burst, flow } from "./arrivals.ts";
import type { Outcome } from "./outcome.ts";
import { runTrace } from "./run.ts";
import { jobwright } from "./subjects/jobwright.ts";
import type { Trace, TracedJob } from "./trace.ts";

const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 20,
  concurrency: 1,
  targetWaitMs: 30_000,
  utilizationPercent: 85,
  scaleDownDelayMs: 15_000,
  idleDelayMs: 30_000,
};

interface Watched extends Outcome {
  /** The Deployment's replicas, each second, and what the arrivals were taken for. */
  readonly replicas: number[];
  readonly arrivalsPerSecond: number[];
}

function run(jobs: readonly TracedJob[], overrides: Partial<Trace> = {}): Watched {
  const trace: Trace = { name: "test", about: "", coldStartMs: 1_400, settings, jobs, ...overrides };
  const replicas: number[] = [];
  const arrivalsPerSecond: number[] = [];
  const subject = jobwright({
    watch: ({ decision }) => arrivalsPerSecond.push(decision.signals.arrivalsPerSecond),
  });
  const outcome = runTrace(trace, subject, 1, (scene) => replicas.push(scene.replicas));
  return { ...outcome, replicas, arrivalsPerSecond };
}

const all = (serviceMs: number) => () => serviceMs;

describe("a pool in a closed loop", () => {
  test("does one job from zero with one worker, and goes back to zero", () => {
    const outcome = run(burst(1, 0, all(500)));
    expect(outcome).toMatchObject({ lost: 0, repeated: 0, podsLeft: 0 });
    expect(Math.max(...outcome.replicas)).toBe(1);
  });

  test("goes from zero to one and then to all it needs, and repeats nothing on the way down", () => {
    const outcome = run(burst(600, 0, all(500)), { settings: { ...settings, targetWaitMs: 5_000 } });
    expect(outcome).toMatchObject({ lost: 0, repeated: 0, podsLeft: 0, replicaChanges: 2 });
    // 600 × 0.5 s on 20 workers, and a pod's start.
    expect(outcome.drainMs).toBeLessThan(1.15 * (15_000 + 2_800));
  });

  test("does not take a burst for a rate", () => {
    const outcome = run(burst(600, 0, all(500)), { settings: { ...settings, maxReplicas: 100 } });
    expect(Math.max(...outcome.arrivalsPerSecond)).toBeLessThan(3);
    expect(Math.max(...outcome.replicas)).toBeLessThanOrEqual(30);
  });

  test("does not oscillate under a steady load", () => {
    const outcome = run(flow(() => 10, { untilMs: 300_000 }, all(1_000)));
    const settled = outcome.replicas.slice(90, 300);
    expect(Math.max(...settled) - Math.min(...settled)).toBeLessThanOrEqual(1);
    expect(Math.max(...settled)).toBeLessThanOrEqual(14);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(10);
  });

  test("does not take longer jobs for a downstream at its limit, whenever they come", () => {
    const service = (ms: number) => (ms < 120_000 ? 500 : 2_500);
    for (let seed = 1; seed <= 12; seed += 1) {
      const jobs = flow(() => 6, { untilMs: 300_000 }, service, seededRandom(seed));
      const outcome = run(jobs, { settings: { ...settings, targetWaitMs: 5_000, scaleDownDelayMs: 10_000 } });
      expect(outcome.waitP95Ms).toBeLessThan(5_000);
    }
  });

  test("learns from the first of ten long jobs that they are long", () => {
    const outcome = run(burst(10, 0, all(300_000)));
    expect(outcome.replicas[90]).toBeGreaterThanOrEqual(8);
    expect(Math.max(...outcome.replicas)).toBeLessThanOrEqual(10);
    expect(outcome.repeated).toBe(0);
  });
});
