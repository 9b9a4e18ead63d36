import { expect, test } from "vitest";
import { parseLane, parseRate } from "./flow-options.ts";

test("lanes are gathered", () => {
  expect(parseLane("bulk:1", parseLane("urgent:5"))).toEqual([
    { name: "urgent", weight: 5 },
    { name: "bulk", weight: 1 },
  ]);
});

test.each(["urgent", "urgent:0", "urgent:1.5", "Urgent:1", "-a:1", ":1", "dead:1", `${"a".repeat(64)}:1`])(
  '"%s" is no lane',
  (text) => {
    expect(() => parseLane(text)).toThrow("expected a lane's name and its weight, such as urgent:5");
  },
);

test("a lane is given once", () => {
  expect(() => parseLane("urgent:1", [{ name: "urgent", weight: 2 }])).toThrow('lane "urgent" is given twice');
});

test("a rate is jobs in a time", () => {
  expect(parseRate("10/1s")).toEqual({ jobs: 10, perMs: 1_000, shares: 1 });
  expect(parseRate("100/1h30m")).toEqual({ jobs: 100, perMs: 5_400_000, shares: 1 });
});

test.each(["10", "0/1s", "1.5/1s", "10/0s", "10/second"])('"%s" is no rate', (text) => {
  expect(() => parseRate(text)).toThrow("expected how many jobs in how long, such as 10/1s");
});
