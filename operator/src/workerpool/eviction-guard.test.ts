import { expect, test } from "vitest";
import { type Guarded, type GuardState, planGuards } from "./eviction-guard.ts";

function worker(name: string, busy: number, changes: Partial<Guarded> = {}): Guarded {
  return {
    ...{ name, phase: "Running", ready: true, deleting: false, createdAtMs: 0, processRunning: true, guarded: false },
    report: { state: "Running", busy, held: 0, heardAtMs: 0, fresh: true },
    ...changes,
  };
}

/** Plans each second, with what the worker does then; returns what was done when. */
function watch(seconds: number, at: (second: number) => Guarded[]) {
  let state: GuardState = new Map();
  const guarded = new Set<string>();
  const done: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const workers = at(second).map((one) => ({ ...one, guarded: guarded.has(one.name) }));
    const plan = planGuards(state, workers, second * 1_000);
    ({ state } = plan);
    for (const name of plan.guard) guarded.add(name);
    for (const name of plan.release) guarded.delete(name);
    done.push(...plan.guard.map((name) => `${second}: guard ${name}`));
    done.push(...plan.release.map((name) => `${second}: release ${name}`));
  }
  return done;
}

test("a worker is guarded once it was busy for 10 s, and no more once it was idle for 30 s", () => {
  expect(watch(120, (second) => [worker("a", second < 40 ? 1 : 0)])).toEqual(["10: guard a", "70: release a"]);
});

test("short jobs with gaps between them cost no write", () => {
  expect(watch(300, (second) => [worker("a", second % 8 === 0 ? 0 : 1)])).toEqual([]);
  const guardedOnce = watch(300, (second) => [worker("a", second < 20 || second % 5 === 0 ? 1 : 0)]);
  expect(guardedOnce).toEqual(["10: guard a"]);
});

test("a silent worker stays as it is, and one that is deleted is left alone", () => {
  const silent = { report: { state: "Running", busy: 0, held: 0, heardAtMs: 0, fresh: false } } as const;
  expect(watch(120, (second) => [worker("a", 1, second < 20 ? {} : silent)])).toEqual(["10: guard a"]);
  expect(watch(60, () => [worker("a", 1, { deleting: true })])).toEqual([]);
});

test("many are guarded a few at a time", () => {
  const many = Array.from({ length: 12 }, (_, index) => worker(`w${index}`, 1));
  const seconds = watch(15, () => many).map((line) => line.split(":")[0]);
  expect(seconds).toEqual([..."10 10 10 10 10 11 11 11 11 11 12 12".split(" ")]);
});
