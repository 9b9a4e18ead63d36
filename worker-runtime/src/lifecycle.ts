import type { WorkerState } from "./contract/index.ts";
import type { Orders } from "./orders.ts";

/**
 * The state that a worker reports. Drained promises that nothing runs and nothing can arrive: the consumer must be
 * quiet as well as the slots empty, or a delivery on its way would be missed. A worker whose queue is paused is Running:
 * it is there for the queue, and its pod is not to go.
 *
 * @param quiet the broker sends no more deliveries.
 * @param running jobs not yet finished.
 */
export function workerState(
  orders: Pick<Orders, "cordoned" | "stopping"> & { readonly stopped: boolean },
  quiet: boolean,
  running: number,
): WorkerState {
  if (orders.stopped) return "Stopped";
  if (orders.stopping) return "Stopping";
  if (!orders.cordoned) return "Running";
  return quiet && running === 0 ? "Drained" : "Cordoned";
}

/** Ready to be sent work: the process's own health, never the broker's. */
export function isReady(state: WorkerState): boolean {
  return state === "Running" || state === "Cordoned";
}

/**
 * When a stopping worker tells its handlers to end, and when it ends itself, counted from the signal to stop. Both lie
 * before the drain timeout, which is also the pod's grace period: after it the kernel would kill without a goodbye.
 */
export function drainSchedule(drainTimeoutMs: number): { abortAfterMs: number; exitAfterMs: number } {
  return {
    abortAfterMs: Math.max(drainTimeoutMs * 0.7, drainTimeoutMs - 10_000),
    exitAfterMs: Math.max(drainTimeoutMs * 0.85, drainTimeoutMs - 5_000),
  };
}
