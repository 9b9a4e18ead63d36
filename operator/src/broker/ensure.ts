import { delayDeliveryExchange, queueNames } from "@jobwright/worker-runtime/contract";
import { adoptedQueues } from "./adoption.ts";
import type { Broker, Freshness } from "./broker.ts";
import { type Difference, diff } from "./diff.ts";
import { type EnsuredEventBindings, ensureEventBindings } from "./event-bindings.ts";
import type { BrokerFeatures } from "./features.ts";
import { deletionsAreHeard, tellsLate } from "./heard-deletion.ts";
import { lanesOnBroker, unlanedExchange } from "./lanes.ts";
import { bounds, isBounded, isEnding } from "./limits.ts";
import type { Observed } from "./observe.ts";
import { overriding } from "./overriding.ts";
import { isWorthReinjecting, reinjectParked } from "./parked.ts";
import { repair } from "./repair.ts";
import { removeAlternate } from "./retire-lane.ts";
import { type Returns, returnsOf } from "./returns.ts";
import { ensureShared } from "./shared.ts";
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
  /** What was there, of somebody else's making, and is the JobQueue's now; a clause each. */
  readonly adopted: readonly string[];
  /** The name of another policy that the broker applies to the work queue or the dead-letter queue instead of ours. */
  readonly policyOverridden?: string;
  readonly lanes: {
    readonly serving: readonly string[];
    /** Lanes that it has no more, whose queues are still there: see retire-lane.ts. */
    readonly leaving: readonly string[];
  };
  /** What becomes of its queue for what comes back, where it has one: to leave means to be emptied first, as a lane is. */
  readonly returns: Returns;
  /** What was done about its bindings to exchanges of others: not in `drifted`, since one that comes to exist is no drift. */
  readonly eventBindings: EnsuredEventBindings;
  /** Delayed jobs that had come while their queue was gone, and are in it now. */
  readonly reinjected: number;
}

/**
 * Makes the broker have what a JobQueue needs: its exchanges, queues, bindings and policies, and what all JobQueues of
 * the vhost share. If nothing is missing, it only reads: one listing for all JobQueues of a vhost that are looked at
 * within a second, or one that is new enough by `freshness`.
 *
 * @param latest what the JobQueue wants; where that may change meanwhile, what it wants by the time that the listing is there. What
 *   it wanted before would look like what somebody else changed, and undo what another pass has brought to the broker.
 * @throws KindMismatch, and what {@link Broker.features} throws. What was repaired until then stays.
 */
export async function ensureTopology(
  broker: Broker,
  latest: JobQueueOnBroker | (() => JobQueueOnBroker),
  freshness: Freshness = {},
): Promise<Ensured> {
  const features = await broker.features();
  let found = await look(broker, latest, features, freshness);
  if (found.existed && tellsLate(features, found.differences)) {
    await deletionsAreHeard();
    // In that time others have changed the broker, and the JobQueue may want something else.
    found = await look(broker, latest, features, freshness);
  }
  const { observed, wanted, lanes, desired, differences } = found;
  // Before what is repaired is noted in the listing.
  const news = differences.filter((one) => !endsLimits(one, wanted, observed));
  const created = !found.existed;
  const policyOverridden = overriding(wanted.name, desired.queues, desired.policies, observed);
  const adopted = await adoptedQueues(broker, desired.queues, observed);
  const shared = await ensureShared(broker, wanted.name, observed, features);
  const hasNewTargets = differences.some(isTargetBinding);
  if (hasNewTargets) broker.parked.mayReturn = true;
  if (differences.length > 0) await repairInOrder(broker, wanted, differences);
  // Once more: another JobQueue may have looked before this one's target was bound.
  if (hasNewTargets) broker.parked.mayReturn = true;
  const eventBindings = await ensureEventBindings(broker, wanted, observed);
  if (lanes.serving.length === 0 && observed.exchanges.has(unlanedExchange(wanted.name))) {
    await removeAlternate(broker, wanted.name);
  }
  const { reinjected } = isWorthReinjecting(broker) ? await reinjectParked(broker) : { reinjected: 0 };
  return {
    lanes,
    returns: returnsOf(wanted, observed),
    created,
    adopted,
    eventBindings,
    drifted: [...shared, ...(created ? [] : news.map(({ found }) => found))],
    ...(policyOverridden === undefined ? {} : { policyOverridden }),
    reinjected,
  };
}

/** What is there, what is wanted, and in what they differ. */
async function look(
  broker: Broker,
  latest: JobQueueOnBroker | (() => JobQueueOnBroker),
  features: BrokerFeatures,
  freshness: Freshness,
) {
  const observed = await broker.observe(freshness);
  const wanted = typeof latest === "function" ? latest() : latest;
  const lanes = lanesOf(wanted, observed);
  const desired = desiredTopology(wanted, features, lanes.leaving, observed);
  const differences = diff(desired, observed);
  return { observed, wanted, lanes, desired, differences, existed: existed(wanted.name, observed) };
}

function existed(name: string, { exchanges, queues }: Observed): boolean {
  const { exchange, queue, deadLetterExchange, deadLetterQueue } = queueNames(name);
  return (
    [exchange, deadLetterExchange].some((x) => exchanges.has(x)) || [queue, deadLetterQueue].some((q) => queues.has(q))
  );
}

/** What is left to be done of our own taking away of limits once what came back has left: nobody changed that. */
function endsLimits(difference: Difference, { limits }: JobQueueOnBroker, { policies }: Observed): boolean {
  if (isBounded(limits) || (difference.kind !== "policy" && difference.kind !== "unpolicy")) return false;
  return isEnding(policies.get(difference.desired.name)?.definition ?? {});
}

function isTargetBinding({ kind, desired }: Difference): boolean {
  return kind === "binding" && desired.source === delayDeliveryExchange;
}

function lanesOf({ name, lanes = [] }: JobQueueOnBroker, observed: Observed): Ensured["lanes"] {
  return { serving: lanes, leaving: lanesOnBroker(observed, name).filter((lane) => !lanes.includes(lane)) };
}

/**
 * Puts differences right such that no message is doubled or unroutable while lanes come and go: what feeds the work queue with
 * the messages of no lane is in effect before the binding goes that took all, and lanes are bound only after that went. A queue is
 * bounded only when what comes back goes elsewhere: a level of the delay fabric that is refused waits for three minutes.
 */
async function repairInOrder(
  broker: Broker,
  { name, limits }: JobQueueOnBroker,
  differences: readonly Difference[],
): Promise<void> {
  const { exchange, deadLetterQueue } = queueNames(name);
  const deadLetterPolicy = policyName(deadLetterQueue);
  const routes = (difference: Difference) =>
    (difference.kind === "binding" || difference.kind === "unbinding") &&
    [exchange, delayDeliveryExchange].includes(difference.desired.source);
  const bounding = ({ kind, desired }: Difference) =>
    kind === "policy" && isBounded(limits) && bounds(desired.definition) && desired.name !== deadLetterPolicy;
  const before = differences.filter((difference) => !routes(difference) && !bounding(difference));
  await repair(broker, before);
  await repair(broker, differences.filter(routes));
  await repair(broker, differences.filter(bounding));
}
