import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../crash/random.ts";
import { burst, flow, heavyTail, inOrder } from "./arrivals.ts";
import { runTrace } from "./run.ts";
import { fixedMax } from "./subjects/fixed.ts";
import { jobwright } from "./subjects/jobwright.ts";
import type { Trace, TracedJob } from "./trace.ts";

/** `TRACES=5000 SEED=2 npx vitest run --project unit bench/simulate/properties.test.ts` tries so many, and others. */
const numRuns = Number(process.env.TRACES ?? 60);
const firstSeed = Number(process.env.SEED ?? 1);
const timeoutMs = 20_000 + 200 * numRuns;

const settings = fc.record({
  maxReplicas: fc.integer({ min: 2, max: 30 }),
  concurrency: fc.constantFrom(1, 1, 2, 5),
  targetWaitMs: fc.integer({ min: 2_000, max: 60_000 }),
  scaleDownDelayMs: fc.integer({ min: 0, max: 30_000 }),
  idleDelayMs: fc.integer({ min: 1_000, max: 60_000 }),
});

const part = fc.record({
  perSecond: fc.double({ min: 0, max: 10, noNaN: true }),
  seconds: fc.integer({ min: 5, max: 90 }),
  atOnce: fc.constantFrom(0, 0, 1, 40),
  meanMs: fc.constantFrom(150, 500, 2_000, 10_000),
  tailed: fc.boolean(),
});

/** Any trace: some minutes of arrivals at random that change all of a sudden, bursts, short and long jobs, retries. */
const anyTrace = fc
  .record({
    settings,
    parts: fc.array(part, { minLength: 1, maxLength: 4 }),
    coldStartMs: fc.integer({ min: 500, max: 30_000 }),
    failing: fc.constantFrom(0, 0, 0.2),
    seed: fc.nat(),
  })
  .map(({ settings: chosen, parts, coldStartMs, failing, seed }): Trace => {
    const random = seededRandom(seed);
    const jobs: TracedJob[] = [];
    let fromMs = 0;
    for (const { perSecond, seconds, atOnce, meanMs, tailed } of parts) {
      const service = tailed ? heavyTail(meanMs, 1, random) : () => meanMs;
      const untilMs = fromMs + seconds * 1_000;
      jobs.push(...burst(atOnce, fromMs, service), ...flow(() => perSecond, { fromMs, untilMs }, service, random));
      fromMs = untilMs;
    }
    const retried = jobs.map((job) => ({ ...job, failures: random() < failing ? Math.ceil(random() * 6) : 0 }));
    return {
      ...{ name: "any", about: "", coldStartMs, jobs: inOrder(retried) },
      settings: { minReplicas: 0, utilizationPercent: 100, ...chosen },
    };
  });

const withJobs = anyTrace.filter(({ jobs }) => jobs.length > 0);

/** What a pool that has done such jobs before knows of them. */
function keptOf({ jobs, coldStartMs }: Trace) {
  const serviceTimeMs = Math.round(jobs.reduce((sum, { serviceMs }) => sum + serviceMs, 0) / jobs.length);
  return { serviceTimeMs, coldStartMs: [coldStartMs] };
}

describe("whatever comes", () => {
  test(
    "scaling down breaks off no job, none is lost, the limits hold, and a pool without jobs goes to zero",
    () => {
      fc.assert(
        fc.property(withJobs, fc.nat(), (trace, seed) => {
          let most = 0;
          const outcome = runTrace(trace, jobwright(), seed, ({ replicas }) => {
            most = Math.max(most, replicas);
          });
          expect(outcome).toMatchObject({ brokenOff: 0, repeated: 0, lost: 0, podsLeft: 0 });
          expect(most).toBeLessThanOrEqual(trace.settings.maxReplicas);
        }),
        { numRuns, seed: firstSeed },
      );
    },
    timeoutMs,
  );

  test(
    "a broker that goes away repeats what ran at that moment, and scaling breaks off nothing",
    () => {
      fc.assert(
        fc.property(withJobs, fc.nat({ max: 60_000 }), fc.integer({ min: 1_000, max: 60_000 }), (trace, fromMs, ms) => {
          const brokerAway = { fromMs, untilMs: fromMs + ms };
          const { concurrency, maxReplicas } = trace.settings;
          const outcome = runTrace({ ...trace, brokerAway }, jobwright(), 1);
          expect(outcome).toMatchObject({ brokenOff: 0, lost: 0, podsLeft: 0 });
          expect(outcome.repeated).toBeLessThanOrEqual(concurrency * maxReplicas);
        }),
        { numRuns: Math.ceil(numRuns / 3), seed: firstSeed },
      );
    },
    timeoutMs,
  );

  test(
    "95 % start within targetWait on 95 of 100 traces, and never much later, where a pod starts in time and fixed workers would easily do",
    () => {
      const feasible = fc.tuple(withJobs, fc.nat()).filter(([trace, seed]) => {
        const { targetWaitMs } = trace.settings;
        return (
          targetWaitMs >= trace.coldStartMs + 4_000 && runTrace(trace, fixedMax, seed).waitP95Ms <= targetWaitMs / 2
        );
      });
      const shares = fc.sample(feasible, { numRuns, seed: firstSeed }).map(([trace, seed]) => {
        const { waitP95Ms } = runTrace(trace, jobwright({ kept: keptOf(trace) }), seed);
        return waitP95Ms / trace.settings.targetWaitMs;
      });
      expect(shares.filter((share) => share > 1).length).toBeLessThanOrEqual(0.05 * numRuns);
      expect(Math.max(...shares)).toBeLessThanOrEqual(2);
    },
    timeoutMs,
  );
});

test(
  "a steady stream of short jobs is served by a steady number of workers",
  () => {
    const streams = fc.record({
      perSecond: fc.double({ min: 0.5, max: 30, noNaN: true }),
      meanMs: fc.integer({ min: 150, max: 800 }),
      targetWaitMs: fc.integer({ min: 8_000, max: 60_000 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(streams, ({ perSecond, meanMs, targetWaitMs, seed }) => {
        const untilMs = 600_000;
        const trace: Trace = {
          ...{ name: "steady", about: "", coldStartMs: 1_400 },
          jobs: flow(
            () => perSecond,
            { untilMs },
            () => meanMs,
            seededRandom(seed),
          ),
          settings: {
            ...{ minReplicas: 0, maxReplicas: 50, concurrency: 1, targetWaitMs, utilizationPercent: 100 },
            ...{ scaleDownDelayMs: 10_000, idleDelayMs: 60_000 },
          },
        };
        const replicas: number[] = [];
        runTrace(trace, jobwright(), seed, (scene) => replicas.push(scene.replicas));
        const settled = replicas.slice(180, untilMs / 1_000);
        const changes = settled.filter((count, second) => second > 0 && count !== settled[second - 1]).length;
        // Where the load is a whole number of workers, chance moves it by one now and then.
        expect(changes / 7).toBeLessThanOrEqual(4);
        expect(Math.max(...settled) - Math.min(...settled)).toBeLessThanOrEqual(2 + 0.3 * perSecond * (meanMs / 1_000));
      }),
      { numRuns: Math.ceil(numRuns / 3), seed: firstSeed },
    );
  },
  timeoutMs,
);
