import { expect, test } from "vitest";
import { drained, producersDone } from "./draining.ts";
import type { Fleet } from "./fleet.ts";

const quick = { patienceMs: 50, lookEveryMs: 1 };
const workers = { revive() {} };

test("draining ends when no queue has held a job for a while", async () => {
  const counts = [3, undefined, 0, 1, 0, 0, 0, 0, 7];
  expect(await drained(workers, { unfinished: async () => counts.shift() }, quick)).toBe(0);
  expect(counts).toEqual([7]);
});

test("draining is given up when the rest grows no less, or the broker cannot say", async () => {
  expect(await drained(workers, { unfinished: async () => 5 }, quick)).toBe(5);
  expect(await drained(workers, { unfinished: async () => undefined }, quick)).toBe(-1);
});

test("producers that never finish are ended, and counted", async () => {
  let ended = false;
  let unfinished = 2;
  const producers: Fleet = {
    kill: () => undefined,
    revive() {
      unfinished = 1;
    },
    get unfinished() {
      return unfinished;
    },
    crashed: [],
    async end() {
      ended = true;
    },
  };
  expect(await producersDone(producers, 20, 1)).toBe(1);
  expect(ended).toBe(true);
});
