import type { PoolDecision, PoolMeasurements } from "../autoscaling/pool.ts";
import type { ScalingSettings } from "../autoscaling/signals.ts";

/** All that the last step of scaling saw and came to, as metrics tell it. */
export interface PoolReadings {
  readonly namespace: string;
  readonly pool: string;
  readonly settings: ScalingSettings;
  readonly decision: PoolDecision;
  readonly measurements: PoolMeasurements;
  /** Pods asked of Kubernetes. */
  readonly desiredReplicas: number;
  /** Pods that exist, and those of them that are ready. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** The pool's own spec.paused. */
  readonly paused: boolean;
  /** How often the number of workers was raised and lowered since this operator took the pool over. */
  readonly scaled: { readonly up: number; readonly down: number };
}
