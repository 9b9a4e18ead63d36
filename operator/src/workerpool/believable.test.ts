import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { observeHeartbeats } from "../autoscaling/fleet.ts";
import { startPool } from "../autoscaling/pool-state.ts";
import { isBelievable } from "./believable.ts";

const nowMs = 1_000_000;

/** Whether "no job waits, and nobody consumes" is believed of a pool with one worker. */
function believed(changes: Partial<Heartbeat>, heardAgoMs = 1_000): boolean {
  const report: Heartbeat = {
    ...{ version: "1.3", namespace: "ns", pool: "pool", pod: "a", epoch: nowMs - 60_000, sequence: 1 },
    ...{ state: "Running", slots: 2, busy: 0, held: 0, started: 0, completed: 0, failed: 0, retried: 0 },
    ...{ busySeconds: 0, waitSecondsSum: 0, lastWaitSeconds: null, oldestRunningSeconds: null, rate: null },
    ...changes,
  };
  const state = startPool({ nowMs: nowMs - 60_000, currentReplicas: 1, kept: {} });
  const fleet = observeHeartbeats(state.fleet, [{ heartbeat: report, heardAtMs: nowMs - heardAgoMs }]);
  return isBelievable({ ready: 0, consumers: 0 }, { ...state, fleet }, nowMs);
}

test("a queue without consumers has no leader where a worker takes jobs, and says nothing", () => {
  expect(believed({})).toBe(false);
  expect(believed({ busy: 1 })).toBe(false);
  for (const changes of [{ state: "Cordoned" }, { state: "Drained" }, { paused: true }] as const) {
    expect(believed(changes)).toBe(true);
  }
  expect(believed({}, 60_000)).toBe(true);
});

test("under a rate limit a worker consumes only what it may start soon: a queue without consumers may be just empty", () => {
  const slow = { rate: 0.1 };
  const full = { rate: 100, busy: 2 };
  for (const changes of [slow, full]) expect(believed(changes)).toBe(true);
  expect(believed({ rate: 100, busy: 1 })).toBe(false);
});

test("a worker without a free slot, or with jobs at hand, may want no more, as with lanes", () => {
  expect(believed({ busy: 2 })).toBe(true);
  expect(believed({ busy: 1, held: 1 })).toBe(true);
  expect(believed({ rate: 100, busy: 1, held: 1 })).toBe(true);
});
