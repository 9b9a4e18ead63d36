import type { WorkerPoolSpec } from "../api/worker-pool.ts";

/** How a pool's number of workers comes about: by its scaling mode, or not at all while it is paused. */
export type Manner = WorkerPoolSpec["scaling"]["mode"] | "Paused";

export function mannerOf({ paused, scaling }: WorkerPoolSpec): Manner {
  return paused ? "Paused" : scaling.mode;
}

/** The number to go to: `decided` in Auto mode; else what the user set, or what there is where that is nothing. */
export function desiredReplicas(
  spec: WorkerPoolSpec,
  { decided, current }: { readonly decided: number; readonly current: number },
): number {
  switch (mannerOf(spec)) {
    case "Auto":
      return decided;
    case "Recommend":
    case "Manual":
      return spec.replicas ?? current;
    case "Paused":
      return current;
  }
}

/** The number for a pool that has no Deployment yet. */
export function initialReplicas(spec: WorkerPoolSpec): number {
  switch (mannerOf(spec)) {
    case "Auto":
      return spec.minReplicas;
    case "Recommend":
      return spec.replicas ?? spec.minReplicas;
    case "Manual":
      return spec.replicas ?? 0;
    case "Paused":
      return 0;
  }
}
