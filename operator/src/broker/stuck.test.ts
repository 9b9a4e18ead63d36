import { expect, test } from "vitest";
import { type NotFewer, notFewer } from "./stuck.ts";

/** Since when each level is stuck after these counts, of one a second. */
function after(...counts: Readonly<Record<number, number>>[]): Record<number, number> {
  const seen = counts.reduce<NotFewer>((before, overdue, second) => {
    const levels = Object.entries(overdue).map(([level, jobs]) => ({ level: +level, waiting: 9, overdue: jobs }));
    return notFewer(before, levels, second * 1000);
  }, new Map());
  return Object.fromEntries([...seen].map(([level, { sinceMs }]) => [level, sinceMs / 1000]));
}

test("a level is stuck since its overdue jobs were last seen to become fewer, each by itself", () => {
  expect(after({ 0: 0, 4: 0 })).toEqual({});
  expect(after({ 0: 0 }, { 0: 2 }, { 0: 2 }, { 0: 5 })).toEqual({ 0: 1 });
  // Always some, as under load.
  expect(after({ 0: 3 }, { 0: 5 }, { 0: 4 }, { 0: 4 })).toEqual({ 0: 2 });
  expect(after({ 0: 3 }, { 0: 0 }, { 0: 3 })).toEqual({ 0: 2 });
  expect(after({ 0: 3, 4: 1 }, { 0: 2, 4: 1 }, { 0: 1, 4: 1 })).toEqual({ 0: 2, 4: 0 });
  // Of a level that was not listed for once, nothing from before holds.
  expect(after({ 0: 3 }, {}, { 0: 3 })).toEqual({ 0: 2 });
});
