import { describe, expect, test } from "vitest";
import type { JobEvent } from "../worker/job-event.ts";
import { percentile, tally } from "./tally.ts";
import { verdict, verdictLine } from "./verdict.ts";

const event = (kind: JobEvent["kind"], job: string, attempt = 1, at = 5_000): JobEvent => ({
  kind,
  job,
  attempt,
  at,
  enqueuedAt: 1_000,
  worker: "resize-0",
});

function judge(published: string[], events: JobEvent[], deadLettered: string[] = []) {
  return verdict({ published, deadLettered, tally: tally(events), peakWorkers: 4, firstConfirmedAt: 3_000 });
}

describe("verdict", () => {
  test("a job done once and a job dead-lettered after its retries are well", () => {
    const events = [
      event("started", "a"),
      event("finished", "a"),
      event("started", "b", 1),
      event("failed", "b", 1),
      event("started", "b", 2),
      event("failed", "b", 2),
    ];
    const found = judge(["a", "b"], events, ["b"]);
    expect(found.ok).toBe(true);
    expect(verdictLine(found)).toBe(
      "demo: 1 jobs done, 1 dead-lettered, 0 lost, 0 repeated, peak 4 workers, first job started after 2000 ms",
    );
  });

  test("a job that began but never ended is lost", () => {
    const found = judge(["a"], [event("started", "a")]);
    expect(found).toMatchObject({ ok: false, lost: ["a"], repeated: [] });
  });

  test("a job of which nothing was heard is lost", () => {
    const found = judge(["a"], []);
    expect(found).toMatchObject({ ok: false, lost: ["a"], firstStartedAfterMs: undefined });
  });

  test("an attempt that began twice is repeated, even where it ended once", () => {
    const found = judge(["a"], [event("started", "a"), event("started", "a"), event("finished", "a")]);
    expect(found).toMatchObject({ ok: false, lost: [], repeated: ["a"], done: 1 });
  });

  test("a job that is both done and dead-lettered is repeated", () => {
    const found = judge(["a"], [event("started", "a"), event("finished", "a")], ["a"]);
    expect(found).toMatchObject({ ok: false, repeated: ["a"] });
  });

  test("jobs of an earlier run do not count", () => {
    const found = judge(["a"], [event("started", "a"), event("finished", "a")], ["old", "old"]);
    expect(found).toMatchObject({ ok: true, deadLettered: 0 });
  });
});

describe("tally", () => {
  test("only the first attempt's wait counts, and unfinished runs are busy", () => {
    const sum = tally([
      event("started", "a", 1, 1_500),
      event("failed", "a", 1),
      event("started", "a", 2, 9_000),
      event("started", "b", 1, 3_000),
    ]);
    expect(sum.waitsMs).toEqual([500, 2_000]);
    expect(sum.busy).toBe(2);
    expect(sum.failedAttempts).toBe(1);
    expect(sum.firstStartedAt).toBe(1_500);
  });

  test("percentile is a value that was seen", () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2);
    expect(percentile([1, 2, 3], 0.95)).toBe(3);
    expect(percentile([], 0.95)).toBeUndefined();
  });
});
