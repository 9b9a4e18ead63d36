import { expect, test } from "vitest";
import { idealMs, traces } from "./traces.ts";

test("arrivals come in order of time and within the trace's limit", () => {
  for (const { arrivals, limitSeconds } of traces) {
    const times = arrivals.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(limitSeconds * 1000);
  }
});

test("the steps bring about 4, 24 and 4 jobs a second", () => {
  const steps = traces.find(({ name }) => name === "steps");
  const inMinute = (minute: number) =>
    steps?.arrivals.filter(({ atMs }) => Math.floor(atMs / 60_000) === minute).length ?? 0;
  for (const [minute, jobs] of [240, 1440, 240].entries()) {
    expect(inMinute(minute) / jobs).toBeGreaterThan(0.8);
    expect(inMinute(minute) / jobs).toBeLessThan(1.2);
  }
});

test("600 jobs of 500 ms are 15 s of work for 20 workers", () => {
  const burst = traces.find(({ name }) => name === "burst");
  expect(burst && idealMs(burst)).toBe(15_000);
});
