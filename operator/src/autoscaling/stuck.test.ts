import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { type Fleet, observeHeartbeats, startFleet } from "./fleet.ts";
import { findStuck } from "./stuck.ts";

const observed = (fleet: Fleet, heartbeat: Heartbeat, heardAtMs: number) =>
  observeHeartbeats(fleet, [{ heartbeat, heardAtMs }]);

const sinceMs = 1_000_000;

function report(changes: Partial<Heartbeat>): Heartbeat {
  return {
    ...{ version: "1.3", namespace: "ns", pool: "pool", pod: "a", epoch: sinceMs, sequence: 0, state: "Running" },
    ...{ slots: 1, busy: 1, held: 0, started: 1, completed: 0, failed: 0, retried: 0, busySeconds: 0 },
    ...{ waitSecondsSum: 0, lastWaitSeconds: null, oldestRunningSeconds: null },
    ...changes,
  };
}

/** Runs of so many seconds by which the fleet is known, one after the other; then one of this age. */
function running(ageSeconds: number, ended: readonly number[] = []) {
  let fleet = startFleet(sinceMs);
  let sequence = 0;
  let nowMs = sinceMs;
  for (const [index, seconds] of ended.entries()) {
    const atEnd = { completed: index, started: index + 1, oldestRunningSeconds: seconds };
    nowMs += seconds * 1000;
    fleet = observed(fleet, report({ sequence: sequence++, ...atEnd }), nowMs);
    fleet = observed(fleet, report({ sequence: sequence++, completed: index + 1, busy: 0 }), nowMs);
  }
  nowMs += ageSeconds * 1000;
  const now = { completed: ended.length, oldestRunningSeconds: ageSeconds };
  return { fleet: observed(fleet, report({ sequence, ...now }), nowMs), nowMs };
}

describe("a run is stuck", () => {
  test("after five minutes, where short ones were seen or none", () => {
    for (const ended of [[], [2], [80]]) {
      const young = running(299, ended);
      expect(findStuck(young.fleet, young.nowMs).workers).toEqual([]);
      const old = running(300, ended);
      expect(findStuck(old.fleet, old.nowMs)).toEqual({
        workers: [{ pod: "a", runSinceMs: old.nowMs - 300_000, runSeconds: 300 }],
        limitSeconds: 300,
        nothingEnds: true,
      });
    }
  });

  test("after three times the longest that was seen to end, which an earlier leader may have seen", () => {
    const known = running(1_799, [600]);
    expect(findStuck(known.fleet, known.nowMs).workers).toEqual([]);
    const late = running(1_800, [600, 5]);
    expect(findStuck(late.fleet, late.nowMs).workers).toHaveLength(1);
    const fleet = observed(
      startFleet(sinceMs, { seconds: 600, atMs: sinceMs }),
      report({ oldestRunningSeconds: 1_000 }),
      sinceMs,
    );
    expect(findStuck(fleet, sinceMs).workers).toEqual([]);
  });

  test("until it ends", () => {
    const { fleet, nowMs } = running(400, [2]);
    const ended = observed(fleet, report({ sequence: 99, completed: 2, busy: 0 }), nowMs + 1_000);
    expect(findStuck(ended, nowMs + 1_000)).toEqual({ workers: [], limitSeconds: 1_200, nothingEnds: false });
  });

  test("and the pool as a whole is not, where others end runs", () => {
    const { fleet, nowMs } = running(400, [2]);
    const other = { pod: "b", completed: 1, busy: 0 };
    const goesOn = observed(fleet, report(other), nowMs - 1_000);
    expect(findStuck(goesOn, nowMs)).toMatchObject({ workers: [{ pod: "a" }], nothingEnds: false });
    expect(findStuck(fleet, nowMs).nothingEnds).toBe(true);
  });

  test("unless its worker is silent: what it does is not known then", () => {
    const { fleet, nowMs } = running(400);
    expect(findStuck(fleet, nowMs + 60_000).workers).toEqual([]);
  });
});
