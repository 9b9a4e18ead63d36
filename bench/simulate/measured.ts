/** What KEDA did on the cluster of this repository. */
export interface Measured {
  readonly trace: string;
  readonly queueLength: number;
  /** By default, or as quick as a ScaledObject lets it be. */
  readonly tuned: boolean;
  readonly drainMs: number;
  readonly waitP95Ms: number;
  readonly podSeconds: number;
}

/** KEDA 2.21 with the HPA of Kubernetes 1.34, one run each, on a quiet machine of two cores; the same jobs as in the traces. */
export const measuredKeda: readonly Measured[] = [
  { trace: "single", tuned: false, queueLength: 20, drainMs: 19_000, waitP95Ms: 18_800, podSeconds: 1 },
  { trace: "single", tuned: true, queueLength: 20, drainMs: 1_100, waitP95Ms: 700, podSeconds: 1 },
  { trace: "burst", tuned: false, queueLength: 20, drainMs: 63_800, waitP95Ms: 62_200, podSeconds: 328 },
  { trace: "burst", tuned: true, queueLength: 20, drainMs: 29_200, waitP95Ms: 25_000, podSeconds: 365 },
  { trace: "steps", tuned: false, queueLength: 20, drainMs: 180_700, waitP95Ms: 14_700, podSeconds: 1_852 },
  { trace: "steps", tuned: true, queueLength: 20, drainMs: 191_300, waitP95Ms: 12_500, podSeconds: 1_006 },
  { trace: "steps", tuned: true, queueLength: 10, drainMs: 180_000, waitP95Ms: 12_600, podSeconds: 1_113 },
  { trace: "steps", tuned: true, queueLength: 5, drainMs: 180_000, waitP95Ms: 15_700, podSeconds: 1_382 },
  { trace: "long", tuned: false, queueLength: 20, drainMs: 204_000, waitP95Ms: 157_900, podSeconds: 372 },
  { trace: "long", tuned: true, queueLength: 20, drainMs: 362_000, waitP95Ms: 270_800, podSeconds: 377 },
];
