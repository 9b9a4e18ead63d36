import { describe, expect, test } from "vitest";
import { observeService, type ServiceTime, startServiceTime } from "./service-time.ts";

const idle = { inFlight: 0, oldestSeconds: 0 };

describe("service time", () => {
  test("is 1 s before anything is known, or what status kept", () => {
    expect(startServiceTime(0, undefined)).toMatchObject({ seconds: 1, measured: false });
    expect(startServiceTime(0, 2_500)).toMatchObject({ seconds: 2.5, measured: true });
  });

  test("is never 0, whatever status kept: jobs of no time at all would ask for no worker", () => {
    const kept = startServiceTime(0, 0);
    expect(kept.seconds).toBe(0.001);
    const now = { atMs: 10_000, busySeconds: 1e-5, squaredSeconds: 0, ended: 20 };
    expect(observeService(kept, now, idle).seconds).toBe(0.001);
  });

  test("is the time spent over the runs that ended, unfinished ones included in the time", () => {
    const state = observeService(
      startServiceTime(0, undefined),
      { atMs: 10_000, busySeconds: 42, squaredSeconds: 0, ended: 20 },
      { inFlight: 2, oldestSeconds: 1 },
    );
    expect(state).toMatchObject({ seconds: 2.1, measured: true });
  });

  test("is not taken for long because many runs are under way and none ended yet", () => {
    const state = observeService(
      startServiceTime(0, undefined),
      { atMs: 500, busySeconds: 10, squaredSeconds: 0, ended: 0 },
      { inFlight: 20, oldestSeconds: 0.5 },
    );
    expect(state).toMatchObject({ seconds: 1, measured: false });
  });

  test("grows with the oldest run while too few ended to tell", () => {
    const state = observeService(
      startServiceTime(0, undefined),
      { atMs: 30_000, busySeconds: 300, squaredSeconds: 0, ended: 0 },
      { inFlight: 10, oldestSeconds: 30 },
    );
    expect(state).toMatchObject({ seconds: 30, measured: true });
  });

  test("follows a change within two stretches, and is kept while idle", () => {
    let state: ServiceTime = startServiceTime(0, undefined);
    let [busySeconds, ended] = [0, 0];
    for (let second = 1; second <= 200; second += 1) {
      busySeconds += second <= 100 ? 2 : 10;
      ended += 2;
      state = observeService(
        state,
        { atMs: second * 1000, busySeconds, squaredSeconds: 0, ended },
        { inFlight: 2, oldestSeconds: 1 },
      );
      if (second === 100) expect(state.seconds).toBeCloseTo(1);
    }
    expect(state.seconds).toBeCloseTo(5);
    for (let hour = 1; hour <= 5; hour += 1) {
      state = observeService(state, { atMs: 200_000 + hour * 3_600_000, busySeconds, squaredSeconds: 0, ended }, idle);
    }
    expect(state.seconds).toBeCloseTo(5);
  });

  test("forgets short runs as soon as long ones have come", () => {
    let state: ServiceTime = startServiceTime(0, 200);
    let [busySeconds, ended] = [0, 0];
    for (let second = 1; second <= 60; second += 1) {
      busySeconds += 2;
      ended += 10;
      state = observeService(state, { atMs: second * 1000, busySeconds, squaredSeconds: 0, ended }, idle);
    }
    expect(state.seconds).toBeCloseTo(0.2);
    const after = { atMs: 68_000, busySeconds: busySeconds + 16, squaredSeconds: 0, ended };
    expect(observeService(state, after, { inFlight: 2, oldestSeconds: 8 }).seconds).toBeCloseTo(1);
  });

  test("tells how much runs differ, where workers say", () => {
    const nine = Array.from({ length: 90 }, () => 1);
    const runs = [...nine, ...Array.from({ length: 10 }, () => 45)];
    const totals = {
      atMs: 20_000,
      busySeconds: runs.reduce((sum, run) => sum + run, 0),
      squaredSeconds: runs.reduce((sum, run) => sum + run ** 2, 0),
      ended: runs.length,
    };
    expect(observeService(startServiceTime(0, undefined), totals, idle).variability).toBeCloseTo(203.4 / 5.4 ** 2 - 1);
    const silent = { ...totals, squaredSeconds: 0 };
    expect(observeService(startServiceTime(0, undefined), silent, idle).variability).toBe(1);
  });

  test("is no longer the age of a run that was lost", () => {
    const state = observeService(
      startServiceTime(0, 500),
      { atMs: 200_000, busySeconds: 200, squaredSeconds: 0, ended: 0 },
      { inFlight: 1, oldestSeconds: 200 },
    );
    expect(state.seconds).toBe(200);
    const after = { atMs: 201_000, busySeconds: 200, squaredSeconds: 0, ended: 0 };
    expect(observeService(state, after, idle).seconds).toBe(0.5);
  });

  test("is that of the others while a run is stuck, and after it", () => {
    let state: ServiceTime = startServiceTime(0, undefined);
    // Two runs of 0.5 s each second, and from the first minute on one that does not end, which is stuck after five.
    for (let second = 1; second <= 4_000; second += 1) {
      const age = Math.max(0, Math.min(second, 3_660) - 60);
      const isStuck = age >= 300 && second <= 3_660;
      const totals = { atMs: second * 1_000, busySeconds: second + age, squaredSeconds: 0, ended: 2 * second };
      const running = { inFlight: 1, oldestSeconds: age >= 300 ? 0.5 : age, stuckSeconds: isStuck ? [age] : [] };
      state = observeService(state, totals, running);
      if (second > 365) expect(state.seconds, `after ${second} s`).toBeCloseTo(0.5, 1);
    }
  });
});
