import { setTimeout as sleep } from "node:timers/promises";
import { delayDeliveryExchange, queueNames } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { type Difference, diff } from "./diff.ts";
import { alternatePolicyName, laneResources, lanesOnBroker } from "./lanes.ts";
import { segment } from "./management.ts";
import type { Observed } from "./observe.ts";
import { reinjectParked } from "./parked.ts";
import { repair } from "./repair.ts";
import { removeAlternate } from "./retire-lane.ts";
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
  readonly lanes: {
    readonly serving: readonly string[];
    /** Lanes that it has no more, whose queues are still there: see retire-lane.ts. */
    readonly leaving: readonly string[];
  };
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
  const lanes = lanesOf(wanted, observed);
  const own = diff(desiredTopology(wanted, features, lanes.leaving), observed);
  const differences = [...shared, ...own];
  const created = !existed(wanted.name, observed);
  if (differences.some(isTargetBinding)) broker.parked.mayReturn = true;
  let policyOverridden = overriding(wanted, observed);
  if (differences.length > 0) {
    try {
      policyOverridden = (await repairInOrder(broker, wanted, differences)) ?? policyOverridden;
    } finally {
      broker.forgetObservation();
    }
  }
  if (lanes.serving.length === 0 && observed.policies.has(alternatePolicyName(wanted.name))) {
    await removeAlternate(broker, wanted.name);
  }
  const { reinjected } = broker.parked.mayReturn ? await reinjectParked(broker) : { reinjected: 0 };
  // A fabric without its heart is new in this vhost, and no news of this JobQueue.
  const newFabric = !observed.exchanges.has(delayDeliveryExchange);
  return {
    lanes,
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

function lanesOf({ name, lanes = [] }: JobQueueOnBroker, observed: Observed): Ensured["lanes"] {
  return { serving: lanes, leaving: lanesOnBroker(observed, name).filter((lane) => !lanes.includes(lane)) };
}

/**
 * Puts differences right such that no message is doubled or unroutable while lanes come and go: what feeds the work queue with
 * the messages of no lane is in effect before the binding goes that took all, and lanes are bound only after that went.
 *
 * @returns another policy that the broker applies to the exchange, so that the lanes could not be bound.
 */
async function repairInOrder(
  broker: Broker,
  { name, lanes = [] }: JobQueueOnBroker,
  differences: readonly Difference[],
): Promise<string | undefined> {
  const { exchange } = queueNames(name);
  const routes = (difference: Difference) =>
    (difference.kind === "binding" || difference.kind === "unbinding") &&
    [exchange, delayDeliveryExchange].includes(difference.desired.source);
  await repair(
    broker.management,
    broker.address,
    differences.filter((difference) => !routes(difference)),
  );
  const routing = differences.filter(routes);
  if (lanes.length > 0 && routing.length > 0) {
    const overridden = await untilAlternateApplies(broker, name);
    if (overridden !== undefined) return overridden;
  }
  await repair(broker.management, broker.address, routing);
  return undefined;
}

const alternateLimitMs = 5_000;
const appliedPolicy = z.object({ policy: z.string().nullish() });

/** Waits until the broker applies the alternate exchange. @returns the name of the policy that it applies instead. */
async function untilAlternateApplies({ management, address }: Broker, name: string): Promise<string | undefined> {
  const path = `exchanges/${segment(address.vhost)}/${segment(queueNames(name).exchange)}?disable_stats=true`;
  for (const untilMs = Date.now() + alternateLimitMs; ; await sleep(50)) {
    const { policy } = appliedPolicy.parse(await management.get(path));
    if (policy === alternatePolicyName(name)) return undefined;
    if (Date.now() >= untilMs) return policy || "unknown";
  }
}

/** Only where our policy was there already: the broker needs a moment to apply a new one. */
function overriding(
  { name, lanes = [] }: JobQueueOnBroker,
  { queues, exchanges, policies }: Observed,
): string | undefined {
  const { exchange, queue, deadLetterQueue } = queueNames(name);
  const ours = [
    [policyName(queue), queues.get(queue)?.policy],
    [policyName(deadLetterQueue), queues.get(deadLetterQueue)?.policy],
    ...lanes
      .map((lane) => laneResources(name, lane))
      .map((lane) => [lane.policy, queues.get(lane.queue)?.policy] as const),
    ...(lanes.length > 0 ? [[alternatePolicyName(name), exchanges.get(exchange)?.policy] as const] : []),
  ] as const;
  return ours.find(([policy, applied]) => policies.has(policy) && applied && applied !== policy)?.[1] ?? undefined;
}
