import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { ScalingSettings, Signals } from "./signals.ts";

const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 100,
  concurrency: 1,
  targetWaitMs: 30_000,
  utilizationPercent: 100,
  scaleDownDelayMs: 30_000,
  idleDelayMs: 60_000,
};
const quiet: Signals = {
  backlog: 0,
  waiting: [],
  inFlight: 0,
  serviceSeconds: 1,
  serviceVariability: 0,
  arrivalsPerSecond: 0,
  coldStartSeconds: 2,
  wanted: 0,
  present: { working: 0, startingSeconds: [] },
};
const decided = (signals: Partial<Signals>, changes: Partial<ScalingSettings> = {}) =>
  decide({ ...quiet, ...signals }, { ...settings, ...changes });

describe("decide", () => {
  test("asks for nothing when nothing waits, runs or comes", () => {
    expect(decided({})).toMatchObject({ replicas: 0, slots: 0, bound: "Nothing", clamp: "None" });
  });

  test("asks for the slots that start the backlog in what the cold start leaves of the target wait", () => {
    expect(decided({ backlog: 250 })).toMatchObject({ replicas: 10, bound: "Backlog", terms: { horizonSeconds: 25 } });
  });

  test("gives what has waited already the time that is left to it", () => {
    expect(decided({ backlog: 250, waiting: [{ jobs: 250, seconds: 12.5 }] }).replicas).toBe(20);
    expect(decided({ backlog: 250, waiting: [{ jobs: 125, seconds: 12.5 }] }).replicas).toBe(10);
    expect(decided({ backlog: 250, waiting: [{ jobs: 250, seconds: 60 }] }).slots).toBeCloseTo(250 / 7.5);
  });

  test("asks for a worker for one job, however short it is and however long it may wait", () => {
    const patient = { targetWaitMs: 86_400_000, concurrency: 1_000 };
    expect(decided({ backlog: 1, serviceSeconds: 0.001 }, patient)).toMatchObject({ replicas: 1, bound: "Backlog" });
  });

  test("asks for ten slots for ten jobs of 300 s", () => {
    expect(decided({ backlog: 10, serviceSeconds: 300 })).toMatchObject({ slots: 10, replicas: 10 });
  });

  test("keeps the slots that long jobs will still hold when their successors are due", () => {
    const { terms, bound } = decided({ inFlight: 10, serviceSeconds: 250 });
    expect(terms.inFlight).toBeCloseTo(9);
    expect(bound).toBe("InFlight");
  });

  test("knows that those who hold the slots are mostly long ones where runs differ", () => {
    expect(decided({ inFlight: 10, serviceSeconds: 5, serviceVariability: 0 }).terms.inFlight).toBe(0);
    expect(decided({ inFlight: 10, serviceSeconds: 5, serviceVariability: 9 }).terms.inFlight).toBe(5);
  });

  test("asks for no more slots than can work under the rate limit, however many jobs wait", () => {
    const many = { backlog: 100_000, serviceSeconds: 2 };
    expect(decided(many, { jobsPerSecond: 4 })).toMatchObject({ slots: 10, replicas: 10, bound: "RateLimit" });
    expect(decided(many, { jobsPerSecond: 0.01 })).toMatchObject({ slots: 1, replicas: 1, bound: "RateLimit" });
    expect(decided({ backlog: 3, serviceSeconds: 300 }, { jobsPerSecond: 4 })).toMatchObject({ slots: 3 });
  });

  test("keeps room beside steady arrivals", () => {
    expect(decided({ arrivalsPerSecond: 8, inFlight: 8 })).toMatchObject({ replicas: 8, bound: "Arrivals" });
    expect(decided({ arrivalsPerSecond: 8, inFlight: 8 }, { targetWaitMs: 1_000 }).replicas).toBe(10);
    expect(decided({ arrivalsPerSecond: 8, inFlight: 8 }, { utilizationPercent: 50 }).replicas).toBe(16);
  });

  test("asks for as many slots as backlog or arrivals alone need: what waits is served first, by all of them", () => {
    expect(decided({ arrivalsPerSecond: 10, inFlight: 10, backlog: 100 }).replicas).toBe(
      decided({ arrivalsPerSecond: 10, inFlight: 10 }).replicas,
    );
    expect(decided({ arrivalsPerSecond: 10, inFlight: 10, backlog: 500 })).toMatchObject({
      replicas: 20,
      bound: "Backlog",
    });
  });

  test("adds what long jobs hold to what the backlog needs", () => {
    expect(decided({ inFlight: 10, serviceSeconds: 250, backlog: 5 })).toMatchObject({ slots: 14, bound: "InFlight" });
  });

  test("does not ask at once for the slots that a rate of long jobs will fill in time", () => {
    expect(decided({ arrivalsPerSecond: 1, serviceSeconds: 300, backlog: 3 })).toMatchObject({
      replicas: 7,
      bound: "Jobs",
    });
  });

  test("divides the slots by the pods' concurrency, rounding up", () => {
    expect(decided({ backlog: 250 }, { concurrency: 3 }).replicas).toBe(4);
    expect(decided({ backlog: 250 }, { concurrency: 5 }).replicas).toBe(2);
  });

  test("stays within the limits, and says which one it met", () => {
    expect(decided({ backlog: 250 }, { maxReplicas: 4 })).toMatchObject({
      replicas: 4,
      needed: 10,
      clamp: "MaxReplicas",
    });
    expect(decided({}, { minReplicas: 2 })).toMatchObject({ replicas: 2, clamp: "MinReplicas" });
  });

  test("leaves the number alone when it is right within a tenth", () => {
    expect(decided({ backlog: 250, wanted: 11 })).toMatchObject({ replicas: 11, clamp: "Tolerance" });
    expect(decided({ backlog: 270, wanted: 10 })).toMatchObject({ replicas: 10, clamp: "Tolerance" });
    expect(decided({ backlog: 250, wanted: 12 })).toMatchObject({ replicas: 10, clamp: "None" });
  });

  test("tolerates no shortage of slots for long jobs: who waits for one waits long", () => {
    expect(decided({ backlog: 1, inFlight: 20, serviceSeconds: 3_000, wanted: 20 }).replicas).toBe(21);
  });

  test("says when a pod takes longer to start than a job may wait", () => {
    expect(decided({ coldStartSeconds: 6 }, { targetWaitMs: 5_000 })).toMatchObject({
      targetUnreachable: true,
      terms: { horizonSeconds: 1.25 },
    });
    expect(decided({ coldStartSeconds: undefined }, { targetWaitMs: 2_000 }).targetUnreachable).toBe(false);
  });
});

const anySignals = fc.record({
  backlog: fc.integer({ min: 0, max: 100_000 }),
  waiting: fc.array(
    fc.record({ jobs: fc.integer({ min: 1, max: 100_000 }), seconds: fc.double({ min: 0, max: 600, noNaN: true }) }),
    { maxLength: 5 },
  ),
  inFlight: fc.integer({ min: 0, max: 1_000 }),
  serviceSeconds: fc.double({ min: 0.001, max: 10_000, noNaN: true }),
  serviceVariability: fc.double({ min: 0, max: 20, noNaN: true }),
  arrivalsPerSecond: fc.double({ min: 0, max: 1_000, noNaN: true }),
  coldStartSeconds: fc.option(fc.double({ min: 0, max: 300, noNaN: true }), { nil: undefined }),
  wanted: fc.integer({ min: 0, max: 200 }),
  present: fc.record({
    working: fc.integer({ min: 0, max: 200 }),
    startingSeconds: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 20 }),
  }),
});
const anySettings = fc
  .record({
    limits: fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1, max: 150 })),
    concurrency: fc.integer({ min: 1, max: 20 }),
    targetWaitMs: fc.integer({ min: 1_000, max: 600_000 }),
    utilizationPercent: fc.integer({ min: 10, max: 100 }),
  })
  .map(
    ({ limits: [a, b], ...rest }): ScalingSettings => ({
      ...settings,
      ...rest,
      minReplicas: Math.min(a, b),
      maxReplicas: Math.max(a, b),
    }),
  );

describe("whatever the signals", () => {
  test("replicas stay within the limits", () => {
    fc.assert(
      fc.property(anySignals, anySettings, (signals, limits) => {
        const { replicas } = decide(signals, limits);
        expect(Number.isInteger(replicas)).toBe(true);
        expect(replicas).toBeGreaterThanOrEqual(limits.minReplicas);
        expect(replicas).toBeLessThanOrEqual(limits.maxReplicas);
      }),
    );
  });

  test("without arrivals there are never more slots than jobs", () => {
    fc.assert(
      fc.property(anySignals, anySettings, (signals, limits) => {
        const { slots } = decide({ ...signals, arrivalsPerSecond: 0 }, limits);
        expect(slots).toBeLessThanOrEqual(signals.backlog + signals.inFlight);
      }),
    );
  });

  test("something that waits gets at least one worker", () => {
    fc.assert(
      fc.property(anySignals, anySettings, (signals, limits) => {
        expect(decide({ ...signals, backlog: signals.backlog + 1 }, limits).replicas).toBeGreaterThan(0);
      }),
    );
  });

  test("more backlog never asks for fewer slots or workers", () => {
    fc.assert(
      fc.property(anySignals, anySettings, fc.integer({ min: 1, max: 1_000 }), (signals, limits, more) => {
        const [less, greater] = [
          decide(signals, limits),
          decide({ ...signals, backlog: signals.backlog + more }, limits),
        ];
        expect(greater.slots).toBeGreaterThanOrEqual(less.slots);
        // Within the tolerance the number of before stands, so that only without one the workers can be compared.
        const fresh = (backlog: number) => decide({ ...signals, wanted: 0, backlog }, limits).replicas;
        expect(fresh(signals.backlog + more)).toBeGreaterThanOrEqual(fresh(signals.backlog));
      }),
    );
  });
});
