import type { ScalingSettings } from "../../operator/src/autoscaling/signals.ts";
import { seededRandom } from "../crash/random.ts";
import { burst, flow, heavyTail, inOrder } from "./arrivals.ts";
import type { Trace } from "./trace.ts";

/** The defaults of a WorkerPool, with the goal and limit of the benchmark on the real cluster. */
const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 20,
  concurrency: 1,
  targetWaitMs: 5_000,
  utilizationPercent: 100,
  scaleDownDelayMs: 10_000,
  idleDelayMs: 60_000,
};

/** Measured on the cluster of this repository: 0 → 1 running in 1.4 s. */
const coldStartMs = 1_400;

const minuteMs = 60_000;
const halfASecond = () => 500;

/** The default targetWait, or one that can be met where a pod takes longer to start. */
const targetFor = (startMs: number) => Math.max(30_000, 1.5 * startMs);

/** All traces, the same for the same seed. */
export function allTraces(seed: number): Trace[] {
  const random = seededRandom(seed);
  const base = { coldStartMs, settings };
  const mixed = () => (random() < 0.1 ? 45_000 : 1_000);
  const steps = (atMs: number) => (atMs >= minuteMs && atMs < 2 * minuteMs ? 24 : 4);
  return [
    { ...base, name: "single", about: "one job of 500 ms, from zero", jobs: burst(1, 0, halfASecond) },
    { ...base, name: "burst", about: "600 jobs of 500 ms at once, from zero", jobs: burst(600, 0, halfASecond) },
    {
      ...base,
      name: "steps",
      about: "4, 24 and 4 jobs/s for a minute each, 500 ms",
      jobs: flow(steps, { untilMs: 3 * minuteMs }, halfASecond),
    },
    {
      ...base,
      name: "long",
      about: "20 jobs of 5 s and 6 of 45 s at once",
      jobs: [...burst(20, 0, () => 5_000), ...burst(6, 0, () => 45_000)],
    },
    {
      ...base,
      name: "steady",
      about: "12 jobs/s at random for 10 min, 500 ms",
      jobs: flow(() => 12, { untilMs: 10 * minuteMs }, halfASecond, random),
    },
    {
      ...base,
      name: "ramp",
      about: "0 to 30 jobs/s within 5 min and back, 500 ms",
      jobs: flow((ms) => 30 * (1 - Math.abs(ms / (5 * minuteMs) - 1)), { untilMs: 10 * minuteMs }, halfASecond, random),
    },
    {
      ...base,
      name: "sine",
      about: "16 ± 14 jobs/s, a wave each 4 min, 500 ms",
      jobs: flow(
        (ms) => 16 - 14 * Math.cos((2 * Math.PI * ms) / (4 * minuteMs)),
        { untilMs: 12 * minuteMs },
        halfASecond,
        random,
      ),
    },
    {
      ...base,
      name: "on-off",
      about: "20 s of 24 jobs/s, then 40 s of none, ten times, 500 ms",
      jobs: flow((ms) => (ms % minuteMs < 20_000 ? 24 : 0), { untilMs: 10 * minuteMs }, halfASecond, random),
    },
    {
      ...base,
      name: "heavy-tail",
      about: "5 jobs/s for 10 min, lognormal with mean 1 s (1 in 100 above 10 s)",
      jobs: flow(() => 5, { untilMs: 10 * minuteMs }, heavyTail(1_000, 1.5, random), random),
    },
    {
      ...base,
      name: "shift",
      about: "6 jobs/s for 10 min; a job takes 0.5 s, after 4 min 2.5 s",
      jobs: flow(
        () => 6,
        { untilMs: 10 * minuteMs },
        (ms) => (ms < 4 * minuteMs ? 500 : 2_500),
        random,
      ),
    },
    {
      ...base,
      name: "mixed",
      about: "2 jobs/s for 5 min, nine of ten 1 s, one 45 s, then a tenth of that for 5 min",
      jobs: flow((ms) => (ms < 5 * minuteMs ? 2 : 0.2), { untilMs: 10 * minuteMs }, mixed, random),
    },
    {
      ...base,
      name: "poison",
      about: "4 jobs/s for 5 min, 500 ms; for a minute half of them fail always (5 attempts, 1 s to 8 s apart)",
      jobs: flow(() => 4, { untilMs: 5 * minuteMs }, halfASecond, random).map((job) => ({
        ...job,
        failures: job.atMs >= 2 * minuteMs && job.atMs < 3 * minuteMs && random() < 0.5 ? 99 : 0,
      })),
    },
    {
      ...base,
      name: "broker-away",
      about: "8 jobs/s for 5 min, 500 ms; the broker is away for 30 s",
      jobs: flow(() => 8, { untilMs: 5 * minuteMs }, halfASecond, random),
      brokerAway: { fromMs: 2 * minuteMs, untilMs: 2.5 * minuteMs },
    },
    {
      ...base,
      name: "hung",
      about: "8 jobs/s for 5 min, 500 ms; what they call hangs for 30 s",
      jobs: flow(() => 8, { untilMs: 5 * minuteMs }, halfASecond, random),
      downstreamHangs: { fromMs: 2 * minuteMs, untilMs: 2.5 * minuteMs },
    },
    {
      ...base,
      name: "saturated",
      about: "6 jobs/s for a minute, 24 for two, 500 ms, but what they call serves only 8 at a time; up to 40 workers",
      settings: { ...settings, maxReplicas: 40 },
      jobs: flow((ms) => (ms < minuteMs ? 6 : 24), { untilMs: 3 * minuteMs }, halfASecond, random),
      downstreamSlots: 8,
    },
    ...[1_000, 10_000, 60_000].map((startMs) => ({
      ...base,
      name: `start-${startMs / 1000}s`,
      about: `4, 24 and 4 jobs/s, 3 min each, 500 ms; a pod takes ${startMs / 1000} s to start, targetWait ${targetFor(startMs) / 1000} s`,
      coldStartMs: startMs,
      settings: { ...settings, targetWaitMs: targetFor(startMs) },
      jobs: flow(
        (ms) => (ms >= 3 * minuteMs && ms < 6 * minuteMs ? 24 : 4),
        { untilMs: 9 * minuteMs },
        halfASecond,
        random,
      ),
    })),
  ].map((trace) => ({ ...trace, jobs: inOrder(trace.jobs) }));
}
