import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import { readSchedules } from "./schedules.ts";

const right = { cron: "0 8 * * *", timeZone: "UTC", duration: "10h", minReplicas: 2 };
const read = (...schedules: (typeof right)[]) =>
  readSchedules({ spec: { scaling: { schedules } } } as unknown as WorkerPool);

test("a schedule that cannot be kept is told with its field, and the others are kept", () => {
  const { kept, refused } = read(right, { ...right, timeZone: "Europe/Berln" }, { ...right, cron: "0 8 31 2 *" });
  expect(kept).toMatchObject([{ cron: "0 8 * * *", durationMs: 36_000_000, minReplicas: 2 }]);
  expect(refused).toMatchObject({ state: "Stalled", reason: "ScheduleInvalid" });
  expect(refused?.message).toContain("spec.scaling.schedules[1].timeZone: found 'Europe/Berln': expected a name of");
  expect(refused?.message).toContain("spec.scaling.schedules[2].cron: found '0 8 31 2 *', which never comes");
  expect(refused?.message).toContain("Correct it, or remove the schedule");
});

test("a pool without schedules has none to refuse", () => {
  expect(read()).toEqual({ kept: [], refused: undefined });
});
