import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fleet, observeHeartbeats, removePods, reportsOf, startFleet, takenAt } from "./fleet.ts";
import { readFleet } from "./fleet-readings.ts";
import type { PodView } from "./signals.ts";

const sinceMs = 100_000;

function heartbeat(changes: Partial<Heartbeat> = {}): Heartbeat {
  return {
    version: "1.0",
    namespace: "ns",
    pool: "pool",
    pod: "a",
    epoch: sinceMs + 1_000,
    sequence: 0,
    state: "Running",
    slots: 2,
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
  };
}

function pod(changes: Partial<PodView> = {}): PodView {
  return {
    name: "a",
    phase: "Running",
    ready: true,
    deleting: false,
    createdAtMs: sinceMs,
    processRunning: true,
    ...changes,
  };
}

const observed = (...reports: readonly Heartbeat[]) =>
  observeHeartbeats(
    startFleet(sinceMs),
    reports.map((report, index) => ({ heartbeat: report, heardAtMs: sinceMs + 2_000 * (index + 1) })),
  );
const read = (fleet: Fleet, pods: readonly PodView[], nowMs = sinceMs + 3_000) =>
  readFleet(fleet, pods, { nowMs, concurrency: 2, startAllowanceMs: 10_000 });

describe("a fleet's totals", () => {
  test("ignore reports that come late or twice", () => {
    const fleet = observed(heartbeat({ sequence: 5, started: 9, busySeconds: 9 }));
    const later = (report: Heartbeat) => observeHeartbeats(fleet, [{ heartbeat: report, heardAtMs: sinceMs + 9_000 }]);
    expect(later(heartbeat({ sequence: 5, started: 9 }))).toEqual(fleet);
    expect(later(heartbeat({ sequence: 4, started: 7 }))).toEqual(fleet);
    expect(later(heartbeat({ epoch: sinceMs, sequence: 99 }))).toEqual(fleet);
  });

  test("go on over a process that was restarted after its node's clock had been set back", () => {
    const before = observed(heartbeat({ sequence: 9, started: 10, completed: 10, busySeconds: 12 }));
    const reborn = heartbeat({ epoch: sinceMs - 3_600_000, started: 2, completed: 1, busySeconds: 3 });
    const heard = (afterMs: number) =>
      observeHeartbeats(before, [{ heartbeat: reborn, heardAtMs: sinceMs + 2_000 + afterMs }]);
    // It may be a late word of the process before.
    expect(heard(9_000)).toEqual(before);
    expect(heard(16_000)).toMatchObject({ ended: 11, busySeconds: 15 });
    expect(heard(16_000).workers.get("a")?.heartbeat).toEqual(reborn);
  });

  test("go on over a restarted process and a pod that is gone", () => {
    const restarted = observed(
      heartbeat({ sequence: 3, started: 10, completed: 8, busySeconds: 12 }),
      heartbeat({ epoch: sinceMs + 9_000, started: 2, completed: 1, failed: 1, busySeconds: 3 }),
    );
    expect(restarted).toMatchObject({ ended: 10, busySeconds: 15 });
    const gone = removePods(restarted, ["a"]);
    expect(gone).toMatchObject({ ended: 10, busySeconds: 15, workers: new Map() });
    expect(takenAt(gone, sinceMs + 20_000)).toBe(12);
  });

  test("leave out what a worker did before we began to listen", () => {
    const old = { epoch: sinceMs - 60_000, completed: 500, busySeconds: 900 };
    const fleet = observed(
      heartbeat({ ...old, sequence: 30, started: 500 }),
      heartbeat({ ...old, sequence: 31, started: 504, completed: 503, busySeconds: 905 }),
    );
    expect(fleet).toMatchObject({ ended: 3, busySeconds: 5 });
    expect(takenAt(fleet, sinceMs + 4_000)).toBe(4);
  });

  test("never fall, whatever comes and goes", () => {
    const event = fc.record({
      pod: fc.constantFrom("a", "b", "c"),
      gone: fc.boolean(),
      restart: fc.boolean(),
      began: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const workers = new Map<string, { epoch: number; sequence: number; started: number }>();
        let fleet = startFleet(sinceMs);
        let atMs = sinceMs;
        let begun = 0;
        for (const { pod: name, gone, restart, began } of events) {
          atMs += 1_000;
          if (gone) {
            workers.delete(name);
            fleet = removePods(fleet, [name]);
          } else {
            const last = restart ? undefined : workers.get(name);
            const { epoch, sequence, started } = last ?? { epoch: atMs, sequence: 0, started: 0 };
            const next = { epoch, sequence: sequence + 1, started: started + began };
            workers.set(name, next);
            begun += began;
            const report = heartbeat({ ...next, pod: name, completed: next.started });
            fleet = observeHeartbeats(fleet, [{ heartbeat: report, heardAtMs: atMs }]);
          }
          expect(fleet.ended).toBe(begun);
          expect(takenAt(fleet, atMs)).toBe(begun);
        }
      }),
    );
  });

  test("count a job that is tried again as the one that it was, also over a restart and a pod that is gone", () => {
    const fleet = observed(
      heartbeat({ started: 10, startedAgain: 4, held: 1 }),
      heartbeat({ epoch: sinceMs + 5_000, started: 3, startedAgain: 3 }),
    );
    expect(takenAt(fleet, sinceMs + 2_000)).toBe(7);
    expect(takenAt(fleet, sinceMs + 4_000)).toBe(6);
    expect(takenAt(removePods(fleet, ["a"]), sinceMs + 4_000)).toBe(6);
  });

  test("tell the jobs taken between two reports", () => {
    const fleet = observed(heartbeat({ started: 10 }), heartbeat({ sequence: 1, started: 20, held: 2 }));
    expect(takenAt(fleet, sinceMs + 3_000)).toBe(16);
    expect(takenAt(fleet, sinceMs + 4_000)).toBe(22);
  });
});

describe("reading a fleet", () => {
  test("sums what runs and what is held", () => {
    const fleet = observed(
      heartbeat({ busy: 2, held: 1, oldestRunningSeconds: 4 }),
      heartbeat({ pod: "b", busy: 1, oldestRunningSeconds: 7 }),
    );
    expect(read(fleet, [pod(), pod({ name: "b" })])).toMatchObject({
      inFlight: 3,
      held: 1,
      oldestSeconds: 7,
      silent: [],
      working: 2,
    });
  });

  test("keeps what a silent worker last did until its pod is gone", () => {
    const fleet = observed(heartbeat({ busy: 2 }));
    expect(read(fleet, [pod()], sinceMs + 8_000).silent).toEqual([]);
    expect(read(fleet, [pod()], sinceMs + 8_001)).toMatchObject({ inFlight: 2, silent: ["a"] });
    expect(read(removePods(fleet, ["a"]), [], sinceMs + 9_000)).toMatchObject({ inFlight: 0, silent: [] });
  });

  test("takes a ready pod that was never heard for full, and for silent", () => {
    expect(read(startFleet(sinceMs), [pod()])).toMatchObject({ inFlight: 2, silent: ["a"] });
  });

  test("counts a pod as starting for as long as it may take, then as overdue", () => {
    const young = pod({ phase: "Pending", ready: false, processRunning: false });
    expect(read(startFleet(sinceMs), [young], sinceMs + 10_000)).toMatchObject({ starting: 1, overdue: 0 });
    expect(read(startFleet(sinceMs), [young], sinceMs + 10_001)).toMatchObject({ starting: 0, overdue: 1 });
  });

  test("takes a crashed process for idle, and gives it as long to come back as a new pod to start", () => {
    const fleet = observed(heartbeat({ busy: 2 }));
    const crashed = pod({ ready: false, processRunning: false });
    expect(read(fleet, [crashed], sinceMs + 12_000)).toMatchObject({ inFlight: 0, silent: [], starting: 1 });
    expect(read(fleet, [crashed], sinceMs + 12_001)).toMatchObject({ overdue: 1 });
  });

  test("counts the work of cordoned and leaving workers, not their slots", () => {
    const fleet = observed(
      heartbeat({ state: "Cordoned", busy: 1 }),
      heartbeat({ pod: "b", state: "Stopping", busy: 1 }),
    );
    const pods = [pod(), pod({ name: "b", deleting: true })];
    expect(read(fleet, pods)).toMatchObject({ inFlight: 2, working: 0, cordoned: 1 });
    expect(read(fleet, pods, sinceMs + 60_000).silent).toEqual(["a"]);
  });

  test("forgets the work of a pod on a node that is away: it never goes, though all of its grace period is over", () => {
    const fleet = observed(heartbeat({ busy: 2, oldestRunningSeconds: 9 }));
    const leaving = pod({ deleting: true, killedAtMs: sinceMs + 30_000 });
    expect(read(fleet, [leaving], sinceMs + 89_999)).toMatchObject({ inFlight: 2, oldestSeconds: 9 });
    expect(read(fleet, [leaving], sinceMs + 90_000)).toMatchObject({ inFlight: 0, oldestSeconds: 0, silent: [] });
    // Cut off from Kubernetes only, it works on.
    const works = observeHeartbeats(fleet, [
      { heartbeat: heartbeat({ sequence: 9, busy: 1 }), heardAtMs: sinceMs + 89_000 },
    ]);
    expect(read(works, [leaving], sinceMs + 90_000)).toMatchObject({ inFlight: 1 });
  });

  test("tells the planner each worker's last report, and whether to believe it", () => {
    const fleet = observed(heartbeat({ state: "Drained" }));
    expect(reportsOf(fleet, sinceMs + 3_000).get("a")).toEqual({
      state: "Drained",
      busy: 0,
      held: 0,
      heardAtMs: sinceMs + 2_000,
      fresh: true,
    });
    expect(reportsOf(fleet, sinceMs + 9_000).get("a")?.fresh).toBe(false);
  });
});
