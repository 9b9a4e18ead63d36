import type { WorkerPool } from "../api/objects.ts";
import { type Broker, sendCommand } from "../broker/index.ts";
import { pods } from "../kinds.ts";
import { isNotFound, type KubeClient, type Logger } from "../kube/index.ts";
import { type DrainPlan, drainedDeletionCost } from "./drain.ts";
import { deletionCostAnnotation } from "./names.ts";

/**
 * Tells workers to stop or to go on, and marks those that may go. What fails is logged and comes again with the next
 * plan, which looks at what was observed and not at what was sent.
 */
export async function carryOut(
  { client, broker, log }: { readonly client: KubeClient; readonly broker: Broker; readonly log: Logger },
  pool: WorkerPool,
  plan: DrainPlan,
): Promise<void> {
  const { namespace, name } = pool.metadata;

  async function tell(pod: string, type: "Cordon" | "Uncordon"): Promise<void> {
    const { routed } = await sendCommand(broker, { namespace, pool: name, pod }, type);
    if (!routed)
      log.debug(
        { namespace, pool: name, pod, command: type },
        "the worker is not connected to the broker now; it is told again",
      );
  }

  async function mark(pod: string, cost: string | null): Promise<void> {
    try {
      await client.patch(pods, pod, namespace, { metadata: { annotations: { [deletionCostAnnotation]: cost } } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const actions = [
    ...plan.cordon.map((pod) => tell(pod, "Cordon")),
    ...plan.uncordon.map((pod) => tell(pod, "Uncordon")),
    ...plan.markDrained.map((pod) => mark(pod, String(drainedDeletionCost))),
    ...plan.unmark.map((pod) => mark(pod, null)),
  ];
  for (const { status, ...rest } of await Promise.allSettled(actions)) {
    if (status === "rejected" && "reason" in rest) {
      log.warn({ namespace, pool: name, err: rest.reason }, "a step of draining failed; it is tried again");
    }
  }
}
