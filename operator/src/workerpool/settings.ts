import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { WorkerPoolSpec } from "../api/worker-pool.ts";
import type { ScalingSettings } from "../autoscaling/signals.ts";

/** A pool's spec as scaling reads it, and what its queue says: the rate limit, if it has one, and whether it is paused. */
export function scalingSettings(
  { scaling, ...spec }: WorkerPoolSpec,
  { jobsPerSecond, paused = false }: { readonly jobsPerSecond?: number | undefined; readonly paused?: boolean } = {},
): ScalingSettings {
  return {
    ...(jobsPerSecond === undefined ? {} : { jobsPerSecond }),
    queuePaused: paused,
    minReplicas: spec.minReplicas,
    maxReplicas: spec.maxReplicas,
    concurrency: spec.concurrency,
    targetWaitMs: parseDuration(scaling.targetWait),
    utilizationPercent: scaling.utilizationPercent,
    scaleDownDelayMs: parseDuration(scaling.scaleDownDelay),
    idleDelayMs: parseDuration(scaling.idleDelay),
  };
}
