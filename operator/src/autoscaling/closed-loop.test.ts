import type { Heartbeat, WorkerState } from "@jobwright/worker-runtime/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deletedBefore } from "../workerpool/deletion-order.ts";
import { drainedDeletionCost, planDrain, type Worker } from "../workerpool/drain.ts";
import { type PoolDecision, type PoolState, startPool, stepPool } from "./pool.ts";
import type { ScalingSettings } from "./signals.ts";

// A small model of a pool: a queue, a ReplicaSet that deletes in its own order, workers that report every 2 s.
const tickMs = 100;
const coldStartMs = 1_500;

interface Job {
  readonly enqueuedAtMs: number;
  readonly serviceMs: number;
}
interface Pod {
  readonly name: string;
  readonly createdAtMs: number;
  running: { job: Job; untilMs: number; sinceMs: number }[];
  ready: boolean;
  deletionCost: number;
  state: WorkerState;
  cordoned: boolean;
  sequence: number;
  nextHeartbeatAtMs: number;
  started: number;
  completed: number;
  finishedBusyMs: number;
  lastWaitSeconds: number | null;
}

interface Outcome {
  readonly waitsMs: number[];
  readonly repeated: number;
  /** Workers wanted, each second. */
  readonly replicas: number[];
  readonly decisions: PoolDecision[];
  readonly arrivalsPerSecond: number[];
  readonly podSeconds: number;
}

/** Runs a trace (jobs sorted by time) for some time through the model. */
function run(jobs: readonly Job[], forMs: number, settings: ScalingSettings, serviceTimeMs?: number): Outcome {
  const from = 1_000_000;
  const arriving = [...jobs];
  const queue: Job[] = [];
  let pods: Pod[] = [];
  let names = 0;
  let specReplicas = 0;
  let outbox: { heartbeat: Heartbeat; heardAtMs: number }[] = [];
  let uncordonedAtMs: ReadonlyMap<string, number> = new Map();
  let state: PoolState = startPool({ nowMs: from, currentReplicas: 0, kept: { serviceTimeMs } });
  let repeated = 0;
  let podMs = 0;
  const waitsMs: number[] = [];
  const replicas: number[] = [];
  const decisions: PoolDecision[] = [];
  const arrivalsPerSecond: number[] = [];

  const report = (pod: Pod, nowMs: number) => {
    pod.nextHeartbeatAtMs = nowMs + 2_000;
    const oldest = pod.running.toSorted((a, b) => a.sinceMs - b.sinceMs)[0];
    outbox.push({
      heardAtMs: nowMs,
      heartbeat: {
        version: "1.0",
        namespace: "ns",
        pool: "pool",
        pod: pod.name,
        epoch: pod.createdAtMs + coldStartMs,
        sequence: pod.sequence++,
        state: pod.state,
        slots: settings.concurrency,
        busy: pod.running.length,
        held: 0,
        started: pod.started,
        completed: pod.completed,
        failed: 0,
        retried: 0,
        busySeconds: (pod.finishedBusyMs + pod.running.reduce((sum, { sinceMs }) => sum + nowMs - sinceMs, 0)) / 1000,
        waitSecondsSum: 0,
        lastWaitSeconds: pod.lastWaitSeconds,
        oldestRunningSeconds: oldest === undefined ? null : (nowMs - oldest.sinceMs) / 1000,
      },
    });
  };

  const work = (pod: Pod, nowMs: number) => {
    if (nowMs < pod.createdAtMs + coldStartMs) return;
    const before = { running: pod.running.length, state: pod.state, begun: pod.nextHeartbeatAtMs > 0 };
    for (const done of pod.running.filter(({ untilMs }) => untilMs <= nowMs)) {
      pod.completed += 1;
      pod.finishedBusyMs += done.job.serviceMs;
    }
    pod.running = pod.running.filter(({ untilMs }) => untilMs > nowMs);
    while (!pod.cordoned && pod.running.length < settings.concurrency) {
      const job = queue.shift();
      if (job === undefined) break;
      pod.running.push({ job, sinceMs: nowMs, untilMs: nowMs + job.serviceMs });
      pod.started += 1;
      pod.lastWaitSeconds = (nowMs - job.enqueuedAtMs) / 1000;
      waitsMs.push(nowMs - job.enqueuedAtMs);
    }
    pod.state = pod.cordoned ? (pod.running.length > 0 ? "Cordoned" : "Drained") : "Running";
    pod.ready = pod.state !== "Drained";
    const turnedIdle = before.running > 0 && pod.running.length === 0;
    if (!before.begun || turnedIdle || pod.state !== before.state || nowMs >= pod.nextHeartbeatAtMs) report(pod, nowMs);
  };

  const replicaSet = (nowMs: number) => {
    while (pods.length < specReplicas) {
      pods.push({
        name: `pod-${names++}`,
        createdAtMs: Math.floor(nowMs / 1000) * 1000,
        running: [],
        ready: false,
        deletionCost: 0,
        state: "Running",
        cordoned: false,
        sequence: 0,
        nextHeartbeatAtMs: 0,
        started: 0,
        completed: 0,
        finishedBusyMs: 0,
        lastWaitSeconds: null,
      });
    }
    const order = pods.toSorted((a, b) => deletedBefore(view(a, nowMs), view(b, nowMs)));
    for (const pod of order.slice(0, Math.max(0, pods.length - specReplicas))) {
      repeated += pod.running.length;
      pods = pods.filter((other) => other !== pod);
    }
  };

  const view = (pod: Pod, nowMs: number) => ({
    name: pod.name,
    phase: nowMs < pod.createdAtMs + coldStartMs ? ("Pending" as const) : ("Running" as const),
    scheduled: true,
    ready: pod.ready,
    deleting: false,
    createdAtMs: pod.createdAtMs,
    processRunning: nowMs >= pod.createdAtMs + coldStartMs,
    deletionCost: pod.deletionCost,
  });

  const operator = (nowMs: number) => {
    const views = pods.map((pod) => view(pod, nowMs));
    const input = { nowMs, settings, backlogReady: queue.length, wake: false, heartbeats: outbox, pods: views };
    outbox = [];
    const step = stepPool(state, input);
    state = step.state;
    const workers: Worker[] = views.map((pod) => ({ ...pod, report: step.reports.get(pod.name) }));
    const plan = planDrain({
      nowMs,
      workers,
      currentReplicas: specReplicas,
      desiredReplicas: step.decision.replicas,
      rolloutInProgress: false,
      uncordonedAtMs,
    });
    uncordonedAtMs = plan.uncordonedAtMs;
    for (const pod of pods) {
      if (plan.cordon.includes(pod.name)) pod.cordoned = true;
      if (plan.uncordon.includes(pod.name)) pod.cordoned = false;
      if (plan.markDrained.includes(pod.name)) pod.deletionCost = drainedDeletionCost;
      if (plan.unmark.includes(pod.name)) pod.deletionCost = 0;
    }
    specReplicas = plan.replicas;
    replicas.push(step.decision.replicas);
    arrivalsPerSecond.push(step.decision.signals.arrivalsPerSecond);
    if (step.decision.changed) decisions.push(step.decision);
  };

  for (let nowMs = from; nowMs <= from + forMs; nowMs += tickMs) {
    while (arriving[0] !== undefined && from + arriving[0].enqueuedAtMs <= nowMs) {
      const job = arriving.shift();
      if (job !== undefined) queue.push({ ...job, enqueuedAtMs: from + job.enqueuedAtMs });
    }
    for (const pod of pods) work(pod, nowMs);
    if ((nowMs - from) % 1000 === 0) operator(nowMs);
    replicaSet(nowMs);
    podMs += pods.length * tickMs;
  }
  return { waitsMs, repeated, replicas, decisions, arrivalsPerSecond, podSeconds: podMs / 1000 };
}

/** Jobs at a steady rate, evenly spaced. */
function steady(perSecond: number, fromMs: number, untilMs: number, serviceMs: number): Job[] {
  const everyMs = 1000 / perSecond;
  return Array.from({ length: Math.floor((untilMs - fromMs) / everyMs) }, (_, index) => ({
    enqueuedAtMs: fromMs + index * everyMs,
    serviceMs,
  }));
}

const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 20,
  concurrency: 1,
  targetWaitMs: 30_000,
  utilizationPercent: 85,
  scaleDownDelayMs: 15_000,
  idleDelayMs: 30_000,
};

const p95 = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0;

const burst = (jobs: number, serviceMs: number, atMs = 500): Job[] =>
  Array.from({ length: jobs }, () => ({ enqueuedAtMs: atMs, serviceMs }));

describe("a pool in a closed loop", () => {
  test("does one job from zero with one worker, and goes back to zero", () => {
    const outcome = run(burst(1, 500), 60_000, settings);
    expect(outcome.waitsMs).toHaveLength(1);
    expect(outcome.decisions.map(({ replicas }) => replicas)).toEqual([1, 0]);
  });

  test("goes from zero to all it needs in one step, and repeats nothing on the way down", () => {
    const outcome = run(burst(600, 500), 120_000, settings);
    expect(outcome.decisions[0]?.replicas).toBe(20);
    expect(outcome.waitsMs).toHaveLength(600);
    expect(p95(outcome.waitsMs)).toBeLessThan(20_000);
    expect(outcome.repeated).toBe(0);
    expect(outcome.replicas.at(-1)).toBe(0);
  });

  test("does not take a burst for a rate", () => {
    const outcome = run(burst(600, 500), 60_000, { ...settings, maxReplicas: 100 });
    expect(Math.max(...outcome.arrivalsPerSecond)).toBeLessThan(1);
    expect(Math.max(...outcome.replicas)).toBeLessThanOrEqual(25);
  });

  test("follows the load up and down within the target wait", () => {
    const jobs = [
      ...steady(4, 0, 60_000, 500),
      ...steady(24, 60_000, 120_000, 500),
      ...steady(4, 120_000, 180_000, 500),
    ];
    const outcome = run(jobs, 260_000, settings);
    expect(outcome.waitsMs).toHaveLength(jobs.length);
    expect(p95(outcome.waitsMs)).toBeLessThan(15_000);
    expect(outcome.repeated).toBe(0);
    expect(outcome.podSeconds).toBeLessThan(2_000);
    expect(outcome.replicas.at(-1)).toBe(0);
  });

  test("does not oscillate under a steady load", () => {
    const outcome = run(steady(10, 0, 300_000, 1_000), 300_000, settings);
    const settled = outcome.replicas.slice(90);
    expect(Math.max(...settled) - Math.min(...settled)).toBeLessThanOrEqual(1);
    expect(Math.max(...settled)).toBeLessThanOrEqual(14);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(10);
  });

  test("asks for a slot for each of ten long jobs at once when it knows that they are long, and for no more", () => {
    const outcome = run(burst(10, 300_000), 500_000, settings, 300_000);
    expect(outcome.decisions[0]?.replicas).toBe(10);
    expect(Math.max(...outcome.replicas)).toBe(10);
    expect(Math.max(...outcome.waitsMs)).toBeLessThan(5_000);
    expect(outcome.repeated).toBe(0);
  });

  test("learns from the first of ten long jobs that they are long", () => {
    const outcome = run(burst(10, 300_000), 700_000, settings);
    expect(outcome.replicas[45]).toBeGreaterThanOrEqual(8);
    expect(Math.max(...outcome.replicas)).toBeLessThanOrEqual(10);
    expect(outcome.repeated).toBe(0);
  });

  test("removes no worker with work, whatever the mix of long and short jobs", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            enqueuedAtMs: fc.integer({ min: 0, max: 60_000 }),
            serviceMs: fc.integer({ min: 100, max: 40_000 }),
          }),
          { minLength: 1, maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 3 }),
        (jobs, concurrency) => {
          const sorted = jobs.toSorted((a, b) => a.enqueuedAtMs - b.enqueuedAtMs);
          const hasty = { ...settings, concurrency, targetWaitMs: 5_000, scaleDownDelayMs: 2_000, idleDelayMs: 3_000 };
          const outcome = run(sorted, 300_000, hasty);
          expect(outcome.repeated).toBe(0);
          expect(outcome.waitsMs).toHaveLength(jobs.length);
          expect(outcome.replicas.at(-1)).toBe(0);
          expect(Math.max(...outcome.replicas)).toBeLessThanOrEqual(settings.maxReplicas);
        },
      ),
      { numRuns: 40 },
    );
  });
});
