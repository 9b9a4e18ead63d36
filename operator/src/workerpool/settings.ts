import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { WorkerPoolSpec } from "../api/worker-pool.ts";
import type { Floor } from "../autoscaling/schedule.ts";
import type { ScalingSettings } from "../autoscaling/signals.ts";

/**
 * A pool's spec as scaling reads it, what its schedules ask for at this moment, and what its queue says: the rate limit,
 * if it has one, and whether it is paused.
 */
export function scalingSettings(
  { scaling, ...spec }: WorkerPoolSpec,
  {
    jobsPerSecond,
    paused = false,
    floor,
  }: {
    readonly jobsPerSecond?: number | undefined;
    readonly paused?: boolean;
    readonly floor?: Pick<Floor, "minReplicas" | "schedule">;
  } = {},
): ScalingSettings {
  const scheduled = floor?.schedule !== undefined && floor.minReplicas > spec.minReplicas ? floor : undefined;
  return {
    ...(jobsPerSecond === undefined ? {} : { jobsPerSecond }),
    queuePaused: paused,
    minReplicas: scheduled?.minReplicas ?? spec.minReplicas,
    ...(scheduled?.schedule && { schedule: scheduled.schedule.cron }),
    maxReplicas: spec.maxReplicas,
    concurrency: spec.concurrency,
    targetWaitMs: parseDuration(scaling.targetWait),
    utilizationPercent: scaling.utilizationPercent,
    scaleDownDelayMs: parseDuration(scaling.scaleDownDelay),
    idleDelayMs: parseDuration(scaling.idleDelay),
  };
}
