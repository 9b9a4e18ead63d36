import { describe, expect, it } from "vitest";
import { delayedJobs } from "./delayed.ts";
import type { Totals, VhostTotals } from "./totals.ts";

const none: Totals = { ready: 0, unacked: 0, deadLettering: 0 };

function fabric(counts: Readonly<Record<string, Partial<Totals>>>): VhostTotals {
  const queues = ["jobwright.delay.parked", ...Array.from({ length: 28 }, (_, level) => `jobwright.delay.${level}`)];
  return new Map(queues.map((queue) => [queue, { ...none, ...counts[queue] }]));
}

describe("delayedJobs", () => {
  it("tells for each level who waits and who should have left, and how many found no queue", () => {
    const found = delayedJobs(
      fabric({
        // Somebody browses three of them.
        "jobwright.delay.5": { ready: 4, unacked: 3 },
        "jobwright.delay.0": { ready: 1, deadLettering: 2 },
        "jobwright.delay.parked": { ready: 9 },
      }),
    );
    expect(found?.levels).toHaveLength(28);
    expect(found?.levels.filter(({ waiting, overdue }) => waiting + overdue > 0)).toEqual([
      { level: 0, waiting: 1, overdue: 2 },
      { level: 5, waiting: 7, overdue: 0 },
    ]);
    expect(found?.parked).toBe(9);
  });

  it("says nothing of a vhost without a delay fabric, or of a level that was not listed", () => {
    expect(delayedJobs(new Map([["images.resize", none]]))).toBeUndefined();
    const partly = new Map(fabric({}));
    partly.delete("jobwright.delay.7");
    expect(delayedJobs(partly)?.levels.map(({ level }) => level)).not.toContain(7);
  });
});
