import { expect, test } from "vitest";
import type { WorkerPoolSpec } from "../api/worker-pool.ts";
import { readSchedule } from "../autoscaling/schedule.ts";
import { scalingSettings } from "./settings.ts";

test("an open schedule counts where it asks for more than the pool does itself", () => {
  const spec = {
    minReplicas: 2,
    scaling: { targetWait: "30s", scaleDownDelay: "30s", idleDelay: "60s" },
  } as WorkerPoolSpec;
  const schedule = readSchedule({ cron: "0 8 * * *", timeZone: "UTC", durationMs: 3_600_000, minReplicas: 5 });
  const floor = (minReplicas: number) => ({ minReplicas, schedule });
  expect(scalingSettings(spec, { floor: floor(5) })).toMatchObject({ minReplicas: 5, schedule: "0 8 * * *" });
  for (const settings of [scalingSettings(spec, { floor: floor(2) }), scalingSettings(spec)]) {
    expect(settings.minReplicas).toBe(2);
    expect(settings.schedule).toBeUndefined();
  }
});

test("durations of the spec are milliseconds to the scaling", () => {
  const spec = {
    minReplicas: 1,
    maxReplicas: 7,
    concurrency: 3,
    scaling: { mode: "Auto", targetWait: "250ms", utilizationPercent: 80, scaleDownDelay: "30s", idleDelay: "1m30s" },
  } as WorkerPoolSpec;
  expect(scalingSettings(spec)).toEqual({
    queuePaused: false,
    minReplicas: 1,
    maxReplicas: 7,
    concurrency: 3,
    targetWaitMs: 250,
    utilizationPercent: 80,
    scaleDownDelayMs: 30_000,
    idleDelayMs: 90_000,
  });
});
