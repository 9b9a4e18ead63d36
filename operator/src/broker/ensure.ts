import { delayDeliveryExchange, queueNames } from "@jobwright/worker-runtime/contract";
import type { Broker } from "./broker.ts";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { type Difference, diff } from "./diff.ts";
import type { Observed } from "./observe.ts";
import { reinjectParked } from "./parked.ts";
import { repair } from "./repair.ts";
import { desiredTopology, type JobQueueOnBroker, policyName } from "./topology.ts";

/** What {@link ensureTopology} found and did. */
export interface Ensured {
  /** Nothing of this JobQueue existed before. */
  readonly created: boolean;
  /**
   * What was missing or different and has been put right, one sentence each; empty for what was just created. A
   * changed spec shows here too: its policy "had" the old value.
   */
  readonly drifted: readonly string[];
  /** The name of another policy that the broker applies to the work queue or the dead-letter queue instead of ours. */
  readonly policyOverridden?: string;
  /** Delayed jobs that had come while their queue was gone, and are in it now. */
  readonly reinjected: number;
}

/**
 * Makes the broker have what a JobQueue needs: its exchanges, queues, bindings and policies, and what all JobQueues of
 * the vhost share. If nothing is missing, it only reads: one listing for all JobQueues of a vhost that are looked at
 * within a second, or one of its own if `fresh`.
 *
 * @throws KindMismatch, and what {@link Broker.features} throws. What was repaired until then stays.
 */
export async function ensureTopology(
  broker: Broker,
  wanted: JobQueueOnBroker,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<Ensured> {
  const features = await broker.features();
  const observed = await broker.observe({ fresh });
  const shared = diff(desiredDelayFabric(features), observed);
  const own = diff(desiredTopology(wanted, features), observed);
  const differences = [...shared, ...own];
  const created = !existed(wanted.name, observed);
  if (differences.some(isTargetBinding)) broker.parked.mayReturn = true;
  if (differences.length > 0) {
    try {
      await repair(broker.management, broker.address, differences);
    } finally {
      broker.forgetObservation();
    }
  }
  const { reinjected } = broker.parked.mayReturn ? await reinjectParked(broker) : { reinjected: 0 };
  // A fabric without its heart is new in this vhost, and no news of this JobQueue.
  const newFabric = !observed.exchanges.has(delayDeliveryExchange);
  const policyOverridden = overriding(wanted.name, observed);
  return {
    created,
    drifted: [...(newFabric ? [] : shared), ...(created ? [] : own)].map(({ found }) => found),
    ...(policyOverridden === undefined ? {} : { policyOverridden }),
    reinjected,
  };
}

function existed(name: string, { exchanges, queues }: Observed): boolean {
  const { exchange, queue, deadLetterExchange, deadLetterQueue } = queueNames(name);
  return (
    [exchange, deadLetterExchange].some((x) => exchanges.has(x)) || [queue, deadLetterQueue].some((q) => queues.has(q))
  );
}

function isTargetBinding({ kind, desired }: Difference): boolean {
  return kind === "binding" && desired.source === delayDeliveryExchange;
}

/** Only where our policy was there already: the broker needs a moment to apply a new one. */
function overriding(name: string, { queues, policies }: Observed): string | undefined {
  const { queue, deadLetterQueue } = queueNames(name);
  for (const ours of [queue, deadLetterQueue]) {
    const applied = queues.get(ours)?.policy;
    if (policies.has(policyName(ours)) && applied && applied !== policyName(ours)) return applied;
  }
  return undefined;
}
