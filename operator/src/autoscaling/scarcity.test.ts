import { describe, expect, test } from "vitest";
import { observeScarcity, type Scarcity, type Shortage, scarcityLimit } from "./scarcity.ts";

const refused: Shortage = { reason: "PodsRefused", message: "exceeded quota: few", had: 5 };
const homeless: Shortage = { reason: "Unschedulable", message: "0/3 nodes are available", had: 8 };

/** The ceiling each second, given what is said of it each second. */
function ceilings(seconds: number, said: (second: number, ceiling: number) => Shortage | undefined): number[] {
  let state: Scarcity | undefined;
  let ceiling = Number.POSITIVE_INFINITY;
  return Array.from({ length: seconds }, (_, second) => {
    state = observeScarcity(state, { nowMs: second * 1_000, shortage: said(second, ceiling) });
    ceiling = (state && scarcityLimit(state)?.ceiling) ?? Number.POSITIVE_INFINITY;
    return ceiling;
  });
}

/** How long each spell of the same ceiling lasts, s. */
function spells(values: readonly number[]): [ceiling: number, seconds: number][] {
  return values.reduce<[number, number][]>((all, value) => {
    const last = all.at(-1);
    if (last?.[0] === value) last[1] += 1;
    else all.push([value, 1]);
    return all;
  }, []);
}

describe("pods that are refused", () => {
  test("are asked for again after 30 s, a minute, two, four, and then every five", () => {
    // The refusal is seen only while more is asked for than there is.
    const found = spells(ceilings(1_600, (_, ceiling) => (ceiling > refused.had ? refused : undefined)));
    const waits = found.filter(([ceiling]) => ceiling === refused.had).map(([, seconds]) => seconds);
    expect(waits.slice(0, 6)).toEqual([30, 60, 120, 240, 300, 300]);
    expect(found.filter(([ceiling]) => ceiling !== refused.had).slice(0, 2)).toEqual([
      [Number.POSITIVE_INFINITY, 10],
      [Number.POSITIVE_INFINITY, 10],
    ]);
  });

  test("are no more talked of once they are given", () => {
    let state: Scarcity | undefined;
    for (let second = 0; second <= 50; second += 1) {
      state = observeScarcity(state, { nowMs: second * 1_000, shortage: second <= 10 ? refused : undefined });
      if (second < 50) expect(state).toBeDefined();
    }
    expect(state).toBeUndefined();
  });

  test("are told of in Kubernetes's words", () => {
    const first = observeScarcity(undefined, { nowMs: 0, shortage: refused });
    expect(first && scarcityLimit(first)).toBeUndefined();
    const state = observeScarcity(first, { nowMs: 10_000, shortage: refused });
    expect(state && scarcityLimit(state)).toEqual({
      reason: "PodsRefused",
      ceiling: 5,
      message: "exceeded quota: few; more are asked for after 30s",
    });
  });
});

describe("pods that no node takes", () => {
  test("stay, and more are asked for with back-off", () => {
    const found = spells(ceilings(240, () => homeless));
    expect(found.slice(0, 5)).toEqual([
      [Number.POSITIVE_INFINITY, 10],
      [8, 30],
      [Number.POSITIVE_INFINITY, 10],
      [8, 60],
      [Number.POSITIVE_INFINITY, 10],
    ]);
  });

  test("are forgotten as soon as all have a node", () => {
    const found = ceilings(30, (second) => (second < 20 ? homeless : undefined));
    expect(spells(found)).toEqual([
      [Number.POSITIVE_INFINITY, 10],
      [8, 10],
      [Number.POSITIVE_INFINITY, 10],
    ]);
  });
});
