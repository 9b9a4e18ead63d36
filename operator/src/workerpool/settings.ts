import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { WorkerPoolSpec } from "../api/worker-pool.ts";
import type { ScalingSettings } from "../autoscaling/signals.ts";

/** A pool's spec as scaling reads it. `jobsPerSecond`: the queue's rate limit, if it has one. */
export function scalingSettings({ scaling, ...spec }: WorkerPoolSpec, jobsPerSecond?: number): ScalingSettings {
  return {
    ...(jobsPerSecond === undefined ? {} : { jobsPerSecond }),
    minReplicas: spec.minReplicas,
    maxReplicas: spec.maxReplicas,
    concurrency: spec.concurrency,
    targetWaitMs: parseDuration(scaling.targetWait),
    utilizationPercent: scaling.utilizationPercent,
    scaleDownDelayMs: parseDuration(scaling.scaleDownDelay),
    idleDelayMs: parseDuration(scaling.idleDelay),
  };
}
