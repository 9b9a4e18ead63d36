import { laneQueue, queueNames, returnsQueue } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import type { Difference } from "./diff.ts";
import { ensureEventBindings } from "./event-bindings.ts";
import { lanesOnBroker, unlanedExchange } from "./lanes.ts";
import { segment } from "./management.ts";
import type { Removed } from "./noted-repairs.ts";
import { ownPoliciesOnBroker } from "./own-policies.ts";
import { removeSharedPolicies } from "./remove-shared-policies.ts";
import { hasReturns } from "./returns.ts";
import type { Binding } from "./topology.ts";

/**
 * Takes a JobQueue's exchanges, queues with all that is in them, and policies off the broker; what is gone already is
 * no error. The vhost's shared fabric stays; policies that it shared go with the last queue of its territory. Jobs still delayed there are parked when they come due, and come back if
 * a JobQueue of that name does.
 */
export async function deleteTopology(broker: Broker, name: string): Promise<void> {
  const { exchange, queue, deadLetterExchange, deadLetterQueue, outcomeExchange } = queueNames(name);
  const observed = await broker.observe({ fresh: true });
  const lanes = lanesOnBroker(observed, name).map((lane) => laneQueue(name, lane));
  const at = segment(broker.address.vhost);
  const { management } = broker;
  const remove = (kind: keyof Removed, one: string) => management.remove(`${kind}/${at}/${segment(one)}`);
  const returns = hasReturns(observed, name) ? [returnsQueue(name)] : [];
  const queues = [...lanes, queue, ...returns];
  const intake = [exchange, unlanedExchange(name)];
  const others = [deadLetterExchange, outcomeExchange];
  const policies = ownPoliciesOnBroker(observed, name);
  try {
    // Producers are told first, workers next; a policy goes after its queue, which must never be without it.
    for (const one of intake) await remove("exchanges", one);
    for (const one of queues) await remove("queues", one);
    for (const one of others) await remove("exchanges", one);
    await remove("queues", deadLetterQueue);
    for (const one of policies) await remove("policies", one);
    // Of many that are deleted at once, each would have a listing of its own if they were forgotten.
    broker.noteRemoved({ exchanges: [...intake, ...others], queues: [...queues, deadLetterQueue], policies });
    await removeSharedPolicies(broker, name, observed);
  } catch (error) {
    broker.forgetObservation();
    throw error;
  }
}

const bindings = z.array(
  z.object({
    destination: z.string(),
    destination_type: z.string(),
    properties_key: z.string(),
    routing_key: z.string(),
  }),
);

/**
 * Lets no new jobs in, and those that are there or delayed go on: takes away the bindings of the work queue and the lanes to
 * the exchanges that feed them, so producers are told that their messages are unroutable. {@link ensureTopology} would bind
 * them again.
 */
export async function closeIntake(broker: Broker, name: string): Promise<void> {
  const { exchange, queue } = queueNames(name);
  const at = segment(broker.address.vhost);
  const lanes = lanesOnBroker(await broker.observe(), name).map((lane) => laneQueue(name, lane));
  const ours = new Set([queue, ...lanes]);
  const removed: Difference[] = [];
  try {
    for (const from of [exchange, unlanedExchange(name)]) {
      const listed = await broker.management.find(`exchanges/${at}/${segment(from)}/bindings/source`);
      for (const { destination, destination_type, properties_key, routing_key } of bindings.parse(listed ?? [])) {
        if (destination_type !== "queue" || !ours.has(destination)) continue;
        const to = `q/${segment(destination)}/${segment(properties_key)}`;
        await broker.management.remove(`bindings/${at}/e/${segment(from)}/${to}`);
        const binding: Binding = { source: from, destination, destinationType: "queue", routingKey: routing_key };
        removed.push({ kind: "unbinding", desired: binding, found: "the JobQueue is being deleted" });
      }
    }
    await ensureEventBindings(broker, { name }, await broker.observe());
  } finally {
    broker.noteRepaired(removed);
  }
}
