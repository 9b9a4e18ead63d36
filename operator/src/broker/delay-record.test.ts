import { expect, test } from "vitest";
import { createDelayRecord } from "./delay-record.ts";
import type { VhostTotals } from "./totals.ts";

const counts = (overdue: number): Promise<VhostTotals> =>
  Promise.resolve(
    new Map([
      ["jobwright.delay.parked", { ready: 0, unacked: 0, deadLettering: 0 }],
      ["jobwright.delay.0", { ready: 1, unacked: 0, deadLettering: overdue }],
    ]),
  );

test("tells for how long jobs are stuck; what was counted before the broker was lost is no count of now", async () => {
  let nowMs = 0;
  const record = createDelayRecord(() => nowMs);
  expect(record.seen).toBeUndefined();
  await record.note(counts(0));
  expect(record.seen).toMatchObject({ stuckSeconds: 0, levels: [{ level: 0, waiting: 1, overdue: 0 }] });
  nowMs = 15_000;
  await record.note(counts(3));
  nowMs = 30_000;
  await record.note(counts(3));
  nowMs = 40_000;
  await expect(record.note(Promise.reject(new Error("away")))).rejects.toThrow("away");
  // Up to the latest count, and no further.
  expect(record.seen?.stuckSeconds).toBe(15);
  nowMs = 90_000;
  expect(record.seen).toBeUndefined();
  // They may have left meanwhile, and others come.
  await record.note(counts(3));
  expect(record.seen?.stuckSeconds).toBe(0);
  nowMs = 105_000;
  await record.note(counts(3));
  expect(record.seen?.stuckSeconds).toBe(15);
});
