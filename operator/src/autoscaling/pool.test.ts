import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { stepPool } from "./pool.ts";
import { adoptReplicas, type PoolInput, type PoolState, startPool } from "./pool-state.ts";
import type { PodView, ScalingSettings } from "./signals.ts";

const t0 = 1_000_000;
const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 12,
  concurrency: 1,
  targetWaitMs: 30_000,
  utilizationPercent: 85,
  scaleDownDelayMs: 30_000,
  idleDelayMs: 60_000,
};

const pod = (name: string, changes: Partial<PodView> = {}): PodView => ({
  name,
  phase: "Running",
  ready: true,
  deleting: false,
  createdAtMs: t0,
  processRunning: true,
  ...changes,
});
const unborn = (name: string) => pod(name, { phase: "Pending", ready: false, processRunning: false });

const heard = (name: string, heardAtMs: number, changes: Partial<Heartbeat> = {}) => ({
  heardAtMs,
  heartbeat: {
    version: "1.0",
    namespace: "ns",
    pool: "pool",
    pod: name,
    epoch: t0 + 1,
    sequence: heardAtMs,
    state: "Running",
    slots: 1,
    busy: 0,
    held: 0,
    started: 0,
    completed: 0,
    failed: 0,
    retried: 0,
    busySeconds: 0,
    waitSecondsSum: 0,
    lastWaitSeconds: null,
    oldestRunningSeconds: null,
    ...changes,
  } satisfies Heartbeat,
});

const start = (currentReplicas = 0, kept: Parameters<typeof startPool>[0]["kept"] = {}) =>
  startPool({ nowMs: t0, currentReplicas, kept });
const step = (state: PoolState, second: number, changes: Partial<PoolInput> = {}) =>
  stepPool(state, {
    nowMs: t0 + second * 1000,
    settings,
    backlogReady: 0,
    wake: false,
    heartbeats: [],
    pods: [],
    ...changes,
  });

describe("a step of scaling", () => {
  test("wakes from zero on a hint, before the broker was asked or has counted the job", () => {
    expect(step(start(), 1, { wake: true, backlogReady: undefined }).decision.replicas).toBe(1);
    expect(step(start(), 1, { wake: true, backlogReady: 0 }).decision.replicas).toBe(1);
  });

  test("stays at zero while nothing waits, though jobs came steadily until a moment ago", () => {
    const arrived = [
      { atMs: t0 - 60_000, value: 0 },
      { atMs: t0 - 10_000, value: 40 },
      { atMs: t0, value: 40 },
    ];
    const asleep = { ...start(0, { serviceTimeMs: 1_000 }), arrivals: { arrived, perSecond: 0.8 } };
    for (let second = 1, state: PoolState = asleep; second < 30; second += 1) {
      const next = step(state, second, { backlogReady: 0 });
      expect(next.decision).toMatchObject({ replicas: 0, reason: "Idle" });
      ({ state } = next);
    }
  });

  test("is woken by one worker, whatever rate came before", () => {
    const arrived = [
      { atMs: t0 - 60_000, value: -120 },
      { atMs: t0, value: 0 },
    ];
    const asleep = { ...start(0, { serviceTimeMs: 3_000 }), arrivals: { arrived, perSecond: 2 } };
    const woken = step(asleep, 1, { wake: true, backlogReady: 1 });
    expect(woken.decision).toMatchObject({ replicas: 1, reason: "Backlog" });
    expect(step(woken.state, 2, { backlogReady: 1 }).decision.replicas).toBeGreaterThan(1);
  });

  test("says that the last worker goes for being idle, though the rate of before still speaks for one", () => {
    const arrived = [
      { atMs: t0 - 60_000, value: -48 },
      { atMs: t0, value: 0 },
    ];
    const asked = { pods: [pod("a")], settings: { ...settings, idleDelayMs: 3_000, scaleDownDelayMs: 0 } };
    let state: PoolState = { ...start(1, { serviceTimeMs: 1_000 }), arrivals: { arrived, perSecond: 0.8 } };
    for (let second = 1; state.replicas > 0; second += 1) {
      const next = step(state, second, { ...asked, heartbeats: [heard("a", t0 + second * 1000)] });
      ({ state } = next);
      if (state.replicas > 0) continue;
      expect(next.decision.recommendation.replicas).toBe(1);
      expect(next.decision.message).toBe("1 → 0 workers: no job has waited or run for 3s (idleDelay)");
      expect(next.decision.reason).toBe("Idle");
    }
  });

  test("goes from zero to all that the backlog needs in one step", () => {
    const woken = step(start(0, { serviceTimeMs: 1_000, coldStartMs: [2_000] }), 1, { wake: true });
    const { decision } = step(woken.state, 2, { backlogReady: 250 });
    expect(decision).toMatchObject({ replicas: 10, changed: true, reason: "Backlog" });
    expect(decision.message).toBe("1 → 10 workers: 10 slots for 250 jobs waiting to start within 30s, at 1 s a job");
  });

  test("takes a burst for jobs that have just come, though its worker has yet to say that it took none", () => {
    const idle = pod("a", { createdAtMs: t0 - 60_000 });
    const quiet = (second: number) => ({ pods: [idle], heartbeats: [heard("a", t0 + second * 1000 - 500)] });
    let state = start(1, { serviceTimeMs: 1_000, coldStartMs: [2_000] });
    for (let second = 1; second < 50; second += 1) ({ state } = step(state, second, quiet(second)));
    const burst = { backlogReady: 250, pods: [idle], settings: { ...settings, maxReplicas: 100 } };
    for (const second of [50, 51]) {
      const { decision } = step(state, second, burst);
      expect(Math.max(...decision.signals.waiting.map(({ seconds }) => seconds))).toBe(second - 48.5);
      expect(decision.recommendation.replicas).toBe(second - 39);
    }
  });

  test("begins anew where the clock was set back, and does not hold until it has caught up", () => {
    const worker = pod("a", { createdAtMs: t0 - 7_200_000 });
    const at = (second: number, started: number, busy: number) => ({
      ...{ pods: [worker], settings: { ...settings, idleDelayMs: 20_000 } },
      heartbeats: [heard("a", t0 + second * 1000, { started, busy, completed: started - busy, epoch: t0 - 9_000_000 })],
    });
    let state = start(1, { serviceTimeMs: 1_000, coldStartMs: [2_000] });
    for (let second = 1; second < 60; second += 1) ({ state } = step(state, second, at(second, 8 * second, 1)));
    expect(state.replicas).toBeGreaterThan(5);
    for (let second = -3_600; second < -3_500; second += 1) {
      ({ state } = step(state, second, at(second, 500, 0)));
    }
    expect(state.replicas).toBe(0);
    expect(state.serviceTime.measured).toBe(true);
  });

  test("names the limit that it met", () => {
    const { decision } = step(start(3, { serviceTimeMs: 1_400, coldStartMs: [2_000] }), 1, {
      backlogReady: 300,
      pods: ["a", "b", "c"].map((name) => pod(name, { createdAtMs: t0 - 60_000 })),
      heartbeats: ["a", "b", "c"].map((name) => heard(name, t0 + 500)),
    });
    expect(decision.reason).toBe("MaxReplicas");
    expect(decision.message).toBe(
      "3 → 12 workers: 17.1 slots for 300 jobs waiting to start within 30s, at 1.4 s a job; limited by maxReplicas 12",
    );
  });

  test("says when the queue's rate limit lets no more workers be of use", () => {
    const { decision } = step(start(1, { serviceTimeMs: 2_000, coldStartMs: [2_000] }), 1, {
      backlogReady: 1_000,
      settings: { ...settings, jobsPerSecond: 4 },
    });
    expect(decision.reason).toBe("RateLimit");
    expect(decision.message).toContain("slots, as rateLimit lets no more than 4 jobs/s start");
  });

  test("holds the last decision while the broker cannot be asked, and says so", () => {
    let { state } = step(start(), 1, { backlogReady: 100 });
    const wanted = state.replicas;
    for (let second = 2; second < 300; second += 1) {
      const held = step(state, second, { backlogReady: undefined });
      expect(held.decision).toMatchObject({ replicas: wanted, changed: false, reason: "BacklogUnknown" });
      expect(held.measurements.backlog).toBe(100);
      state = held.state;
    }
    expect(step(state, 300, { backlogReady: undefined }).decision.message).toContain(
      "the last decision holds because the broker cannot be asked for the backlog",
    );
  });

  test("takes nothing away while a worker is silent, and names it", () => {
    let { state } = step(start(2), 1, { pods: [pod("a"), pod("b")], heartbeats: [heard("a", t0), heard("b", t0)] });
    for (let second = 2; second < 100; second += 1) {
      const pods = [pod("a"), pod("b")];
      const next = step(state, second, { pods, heartbeats: [heard("a", t0 + second * 1000)] });
      expect(next.decision.replicas).toBe(2);
      state = next.state;
    }
    const { decision } = step(state, 100, { pods: [pod("a"), pod("b")], heartbeats: [heard("a", t0 + 100_000)] });
    expect(decision.reason).toBe("WorkersSilent");
    expect(decision.message).toBe(
      "2 workers: no job waits or runs; the last decision holds because 1 worker did not report: b",
    );
    expect(step(state, 100, { pods: [pod("a"), pod("b")], backlogReady: 500 }).decision.replicas).toBe(12);
  });

  test("measures the cold start of pods that it saw being born, and of no others", () => {
    const asked = step(start(), 1, { backlogReady: 1 });
    const created = { createdAtMs: t0 + 1_000 };
    const older = pod("old", { createdAtMs: t0 - 60_000 });
    const { measurements } = step(asked.state, 4, {
      pods: [pod("a", created), older],
      heartbeats: [heard("a", t0 + 3_400), heard("old", t0 + 3_500)],
    });
    expect(measurements.coldStartMs).toEqual([2_400]);
  });

  test("reports the wait of the job that started last, or how long jobs wait if none did since", () => {
    const waiting = step(step(start(), 1, { backlogReady: 5 }).state, 4, { backlogReady: 5 });
    expect(waiting.measurements.lagMs).toBe(3_000);
    const started = step(waiting.state, 5, {
      backlogReady: 4,
      pods: [pod("a")],
      heartbeats: [heard("a", t0 + 4_500, { busy: 1, started: 1, lastWaitSeconds: 3.5 })],
    });
    expect(started.measurements).toMatchObject({ lagMs: 3_500, busy: 1, backlog: 4 });
  });

  test("counts held jobs as waiting", () => {
    const { measurements } = step(start(1), 1, {
      backlogReady: 4,
      pods: [pod("a")],
      heartbeats: [heard("a", t0 + 500, { held: 3 })],
    });
    expect(measurements.backlog).toBe(7);
  });

  test("asks for another pod in place of one that does not begin to work, while some do", () => {
    const pods = [pod("a"), pod("b"), unborn("c")];
    const patient = { ...settings, targetWaitMs: 300_000 };
    let { state } = step(start(), 0, { backlogReady: 1_000, settings: patient });
    expect(state.replicas).toBe(4);
    const at = (second: number) => {
      const heartbeats = [heard("a", t0 + second * 1000), heard("b", t0 + second * 1000)];
      const next = step(state, second, { backlogReady: 1_000, settings: patient, pods, heartbeats });
      state = next.state;
      return next.decision;
    };
    expect(at(5).replicas).toBe(4);
    expect(at(16)).toMatchObject({ replicas: 5, changed: true });
    expect(at(17).message).toContain("1 more for pods that did not begin to work in time");
  });

  test("takes nobody away while a run is stuck and nothing else ends, and names the worker", () => {
    let state = start(2);
    const pods = [pod("a"), pod("b")];
    const at = (second: number, oldestRunningSeconds: number | null, changes: Partial<PoolInput> = {}) => {
      const busy = { busy: 1, started: 1, oldestRunningSeconds };
      const heartbeats = [heard("a", t0 + second * 1000, busy), heard("b", t0 + second * 1000)];
      const next = step(state, second, { pods, heartbeats, ...changes });
      state = next.state;
      return next.decision;
    };
    expect(at(1, 299).stuck.workers).toEqual([]);
    const alarm = at(40, 338);
    expect(alarm).toMatchObject({ replicas: 2, reason: "WorkersStuck", stuck: { workers: [{ pod: "a" }] } });
    expect(alarm.message).toMatch(/; the last decision holds because no run ends: a is stuck$/);
    expect(at(90, 388).replicas).toBe(2);
    const ended = [heard("a", t0 + 100_000, { started: 1, completed: 1 }), heard("b", t0 + 100_000)];
    expect(at(100, null, { heartbeats: ended }).stuck.workers).toEqual([]);
    expect(state.fleet.longestRun).toEqual({ seconds: 388, atMs: t0 + 100_000 });
  });

  test("asks for no more than Kubernetes gives, and says why in its words", () => {
    const shortage = { reason: "PodsRefused", message: "exceeded quota: few", had: 3 } as const;
    const asked = step(start(0, { serviceTimeMs: 1_000, coldStartMs: [2_000] }), 1, { backlogReady: 250 });
    expect(asked.decision.replicas).toBe(10);
    let { state } = asked;
    for (let second = 2; second < 12; second += 1) {
      const next = step(state, second, { backlogReady: 250, shortage });
      expect(next.decision.limit).toBeUndefined();
      expect(next.decision.replicas).toBeGreaterThanOrEqual(10);
      ({ state } = next);
    }
    const { decision } = step(state, 12, { backlogReady: 250, shortage });
    expect(decision).toMatchObject({ replicas: 3, reason: "PodsRefused", limit: { ceiling: 3 } });
    expect(decision.message).toMatch(
      /^\d+ → 3 workers: .*; limited to 3 workers: exceeded quota: few; more are asked for after 30s$/,
    );
  });

  test("scales workers that never report by what the broker says is unacknowledged", () => {
    let state = start(4);
    let pods = ["a", "b", "c", "d"].map((name) => pod(name));
    const at = (second: number, unacked: number, changes: Partial<PoolInput> = {}) => {
      const served = { atMs: t0 + second * 1000, unacked, acked: second * 2 };
      const next = step(state, second, { pods, served: second < 40 ? undefined : served, ...changes });
      state = next.state;
      return next;
    };
    for (let second = 1; second <= 29; second += 1) {
      expect(at(second, 0).decision).toMatchObject({ replicas: 4, reason: "WorkersSilent" });
    }
    for (let second = 30; second < 300; second += 1) at(second, 1);
    const busy = at(300, 1);
    expect(busy.decision).toMatchObject({ replicas: 4, reason: "WithoutRuntime", signals: { inFlight: 1 } });
    // One unacknowledged at any time, two acknowledged a second.
    expect(busy.measurements.serviceTimeMs).toBe(500);
    expect(at(301, 1, { backlogReady: 2_000 }).decision.replicas).toBe(12);
    pods = Array.from({ length: 12 }, (_, index) => pod(String(index)));
    for (let second = 302; second < 450; second += 1) at(second, 0);
    expect(state.replicas).toBe(0);
    expect(state.withoutRuntime.quiet).toBe(true);
  });

  test("does not take a worker for one without our runtime because the broker is away", () => {
    let state = start(2);
    for (let second = 1; second < 100; second += 1) {
      ({ state } = step(state, second, { pods: [pod("a")], backlogReady: undefined }));
    }
    ({ state } = step(state, 101, { pods: [pod("a")] }));
    expect(state.withoutRuntime.pods.size).toBe(0);
  });

  test("asks for no more of the same where no pod begins to work", () => {
    let { state } = step(start(), 0, { backlogReady: 84 });
    for (let second = 1; second < 200; second += 1) {
      state = step(state, second, { backlogReady: 84, pods: ["a", "b", "c", "d"].map(unborn) }).state;
    }
    expect(state.replicas).toBe(4);
  });

  test("ignores reports of pods that are gone, so that nothing counts twice", () => {
    const first = step(start(1), 1, { pods: [pod("a")], heartbeats: [heard("a", t0 + 900, { busy: 1 })] });
    const gone = step(first.state, 2, { heartbeats: [heard("a", t0 + 1_900, { busy: 1 })] });
    expect(gone.measurements.busy).toBe(0);
    expect(gone.reports.size).toBe(0);
  });

  test("goes on from the replicas that somebody else set", () => {
    const { state } = step(start(), 1, { backlogReady: 100 });
    const adopted = adoptReplicas(state, t0 + 2_000, 7);
    expect(step(adopted, 3).decision).toMatchObject({ replicas: 7, reason: "ScaleDownDelay", changed: false });
  });
});

describe("a queue that is paused", () => {
  const paused = { ...settings, queuePaused: true };
  const worker = pod("a");
  const running = (second: number, changes: Partial<PoolInput> = {}) => ({
    settings: paused,
    backlogReady: 500,
    pods: [worker],
    heartbeats: [heard("a", t0 + second * 1000, { paused: true })],
    ...changes,
  });

  test("neither wakes nor enlarges its pool, however much waits", () => {
    const { decision, measurements } = step(start(), 1, { settings: paused, backlogReady: 500, wake: true });
    expect(decision).toMatchObject({ replicas: 0, reason: "QueuePaused" });
    expect(decision.message).toBe("0 workers: the queue is paused: no worker is wanted for 500 waiting jobs");
    expect(measurements.backlog).toBe(500);
    expect(step(start(), 1, { settings: paused, backlogReady: undefined, wake: true }).decision.replicas).toBe(0);
  });

  test("lets its workers go as if there were no work", () => {
    let state = start(1);
    for (let second = 1; second < 60; second += 1) ({ state } = step(state, second, running(second)));
    expect(state.replicas).toBe(1);
    const { decision } = step(state, 62, running(62));
    expect(decision).toMatchObject({ replicas: 0, changed: true, reason: "QueuePaused" });
    expect(decision.message).toMatch(/^1 → 0 workers: the queue is paused/);
  });

  test("keeps a worker that still runs a job, and minReplicas", () => {
    let state = start(1);
    for (let second = 1; second < 90; second += 1) {
      const heartbeats = [heard("a", t0 + second * 1000, { paused: true, busy: 1, started: 1 })];
      ({ state } = step(state, second, running(second, { heartbeats })));
    }
    expect(state.replicas).toBe(1);
    expect(step(start(5), 40, running(40, { settings: { ...paused, minReplicas: 2 } })).decision).toMatchObject({
      ...{ replicas: 2, reason: "QueuePaused" },
      message: expect.stringMatching(/; kept at minReplicas 2$/),
    });
  });

  test("has as many workers as what waits needs, as soon as it goes on", () => {
    const { state } = step(start(), 1, { settings: paused, backlogReady: 500 });
    expect(step(state, 2, { backlogReady: 500 }).decision.replicas).toBe(12);
  });
});
