import { expect, test } from "vitest";
import type { WorkerPoolSpec } from "../api/worker-pool.ts";
import { scalingSettings } from "./settings.ts";

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
