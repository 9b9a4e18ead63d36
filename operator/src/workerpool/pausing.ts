import type { WorkerPool } from "../api/objects.ts";
import { isActive, type PodView, type WorkerReport } from "../autoscaling/signals.ts";
import { type Broker, sendCommand } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/** How far the workers of a pool are in following their queue's `spec.paused`. */
export interface Pausing {
  /** The queue is paused. */
  readonly paused: boolean;
  /** Workers that report otherwise yet. */
  readonly yet: readonly string[];
  /** Workers that can be told nothing of it: of an older protocol, or without our runtime. */
  readonly unable: readonly string[];
}

/** Looks at what workers report and not at what was sent, so a lost command or a restarted worker or operator mends itself. */
export function observePausing(
  paused: boolean,
  pods: readonly PodView[],
  reports: ReadonlyMap<string, WorkerReport>,
): Pausing {
  const working = pods.filter((pod) => {
    const state = reports.get(pod.name)?.state;
    return isActive(pod) && pod.processRunning && state !== "Stopping" && state !== "Stopped";
  });
  const saying = (wanted: (report: WorkerReport | undefined, pod: PodView) => boolean) =>
    working.filter((pod) => wanted(reports.get(pod.name), pod)).map(({ name }) => name);
  return {
    paused,
    yet: saying((report) => report?.paused === !paused),
    // One that is not ready yet may say it any moment.
    unable: saying((report, { ready }) => ready && report?.paused === undefined),
  };
}

/** Tells those that do not follow yet. Repeated each step until they report that they do. */
export async function tellPausing(
  { broker, log }: { readonly broker: Broker; readonly log: Logger },
  { metadata: { namespace, name } }: WorkerPool,
  { paused, yet }: Pausing,
): Promise<void> {
  const told = yet.map((pod) => sendCommand(broker, { namespace, pool: name, pod }, paused ? "Pause" : "Resume"));
  for (const result of await Promise.allSettled(told)) {
    if (result.status === "rejected") {
      log.debug({ namespace, pool: name, err: result.reason }, "a pause was not told; it is told again");
    }
  }
}
