import { expect, test } from "vitest";
import { missingFrom, nothing, superfluous, type Taking, type Want } from "./want.ts";

const fetching = (prefetch: number, received: number): Taking => ({
  ...{ prefetch, received, once: true, consuming: true, taken: received },
});
const window = (prefetch: number, taken = 0, consuming = true): Taking => ({
  ...{ prefetch, received: 100, once: false, consuming, taken },
});
const fetch = (more: number, batch = 1): Want => ({ type: "Fetch", more, batch });

test("where nothing is wanted every consumer goes, one that has got all it asked for too", () => {
  const sessions = [fetching(2, 2), fetching(3, 1), window(10)];
  expect(superfluous(nothing, sessions)).toEqual(sessions);
  expect(missingFrom(nothing, [])).toBe(0);
});

test("what one consumer got beyond its prefetch makes up for nothing that others await", () => {
  const over = fetching(2, 4);
  const late = fetching(5, 1);
  expect(superfluous(fetch(1), [over, late])).toEqual([late]);
  expect(missingFrom(fetch(6), [over, late])).toBe(2);
});

test("twice of what is wanted may be on its way, and a batch is asked for at once", () => {
  expect(superfluous(fetch(2), [fetching(4, 0)])).toEqual([]);
  expect(missingFrom(fetch(5, 3), [fetching(4, 0)])).toBe(0);
  expect(missingFrom(fetch(7, 3), [fetching(4, 0)])).toBe(3);
});

test("a window is made of several, less what ended consumers still have, unless jobs are short", () => {
  const ended = window(4, 3, false);
  const long: Want = { type: "Window", unsettled: 10, brisk: false };
  expect(missingFrom(long, [window(4), ended])).toBe(3);
  expect(missingFrom({ ...long, brisk: true }, [window(4), ended])).toBe(6);
  expect(superfluous({ ...long, unsettled: 6 }, [window(4), window(5)])).toEqual([window(4)]);
});

test("the places of ended consumers are taken by a few, also where they become free one by one", () => {
  const long: Want = { type: "Window", unsettled: 200, brisk: false };
  const successors: Taking[] = [];
  let idle = 0;
  for (let taken = 199; taken >= 0; taken -= 1) {
    const missing = missingFrom(long, [window(200, taken, false), ...successors]);
    if (missing > 0) successors.push(window(missing, missing));
    const free = 200 - taken - successors.reduce((sum, { prefetch }) => sum + prefetch, 0);
    idle = Math.max(idle, free);
  }
  expect(successors.length).toBeLessThanOrEqual(25);
  expect(successors.reduce((sum, { prefetch }) => sum + prefetch, 0)).toBe(200);
  expect(idle).toBeLessThan(10);
  // Nobody waits for runs that may never end, nor at all where slots are few.
  expect(missingFrom(long, [window(200, 2, false), window(195, 195)])).toBe(3);
  expect(missingFrom({ ...long, unsettled: 20 }, [window(20, 19, false)])).toBe(1);
});
