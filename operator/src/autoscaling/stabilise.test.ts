import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ScalingSettings } from "./signals.ts";
import { hold, type StabiliseInput, type Stability, stabilise, startStability } from "./stabilise.ts";

const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 50,
  concurrency: 1,
  targetWaitMs: 30_000,
  utilizationPercent: 85,
  scaleDownDelayMs: 30_000,
  idleDelayMs: 60_000,
};

/** Feeds one recommendation a second and collects what is wanted. */
function play(recommended: readonly number[], from: Stability, changes: Partial<StabiliseInput> = {}) {
  let state = from;
  return recommended.map((replicas, second) => {
    const observed = { nowMs: second * 1000, recommended: replicas, idle: replicas === 0 };
    const input = { ...observed, mayShrink: true, coldStartMs: 1_000, ...changes };
    state = stabilise(state, input, settings).state;
    return state.wanted;
  });
}
const times = (count: number, value: number) => Array.from({ length: count }, () => value);

describe("stabilise", () => {
  test("goes up at once and in one step", () => {
    expect(play([0, 20], startStability(0, 0))).toEqual([0, 20]);
  });

  test("goes down to the largest recommendation of the last scaleDownDelay", () => {
    const wanted = play([20, 5, 8, ...times(40, 2)], startStability(0, 0));
    expect(wanted[29]).toBe(20);
    expect(wanted[30]).toBe(8);
    expect(wanted[31]).toBe(8);
    expect(wanted[32]).toBe(2);
  });

  test("gives up no worker sooner than another could start", () => {
    const wanted = play([20, ...times(60, 2)], startStability(0, 0), { coldStartMs: 45_000 });
    expect(wanted[44]).toBe(20);
    expect(wanted[45]).toBe(2);
  });

  test("asks for nobody more while nothing waits or runs, though a rate of before speaks for some", () => {
    const idle = play(times(40, 4), startStability(0, 2), { idle: true });
    expect(new Set(idle)).toEqual(new Set([2]));
    expect(play([4], startStability(0, 2))).toEqual([4]);
  });

  test("lets the last worker go when nothing has come for idleDelay, though a rate speaks for it", () => {
    const wanted = play(times(70, 1), startStability(0, 1), { idle: true });
    expect(wanted[59]).toBe(1);
    expect(wanted[60]).toBe(0);
  });

  test("as a new leader keeps what runs for scaleDownDelay", () => {
    const wanted = play(times(40, 3), startStability(0, 12));
    expect(wanted[29]).toBe(12);
    expect(wanted[30]).toBe(3);
  });

  test("goes to zero only after idleDelay without work, and says what it waits for", () => {
    const wanted = play(times(70, 0), startStability(0, 4));
    expect(wanted[29]).toBe(4);
    expect(wanted[30]).toBe(1);
    expect(wanted[59]).toBe(1);
    expect(wanted[60]).toBe(0);
    const waiting = stabilise(
      { wanted: 1, recommendations: [], idleSinceMs: 0 },
      { nowMs: 59_999, recommended: 0, idle: true, mayShrink: true, coldStartMs: 1_000 },
      settings,
    );
    expect(waiting).toMatchObject({ heldBy: "IdleDelay", state: { wanted: 1 } });
  });

  test("does not go to zero while something runs, however long nothing more is asked for", () => {
    expect(play(times(200, 0), startStability(0, 4), { idle: false }).at(-1)).toBe(1);
  });

  test("takes nothing away while a signal is missing, but adds", () => {
    expect(play([2, ...times(100, 0), 6], startStability(0, 4), { mayShrink: false }).at(-2)).toBe(4);
    expect(play([2, ...times(100, 0), 6], startStability(0, 4), { mayShrink: false }).at(-1)).toBe(6);
  });

  test("obeys a lowered maxReplicas at once", () => {
    const { state } = stabilise(
      startStability(0, 40),
      { nowMs: 1_000, recommended: 10, idle: false, mayShrink: false, coldStartMs: 1_000 },
      { ...settings, maxReplicas: 10 },
    );
    expect(state.wanted).toBe(10);
  });

  test("holding keeps the number and forgets the idle time", () => {
    expect(hold({ wanted: 3, recommendations: [], idleSinceMs: 5 }, settings)).toEqual({
      wanted: 3,
      recommendations: [],
      idleSinceMs: undefined,
    });
  });

  test("never goes below any recommendation of the last scaleDownDelay, and never stays above all of them", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 40, maxLength: 120 }), (recommended) => {
        const wanted = play(recommended, startStability(-100_000, 1));
        wanted.forEach((value, second) => {
          expect(value).toBe(Math.max(...recommended.slice(Math.max(0, second - 29), second + 1)));
        });
      }),
    );
  });
});
