import {
  delayBindingKey,
  delayDeliveryExchange,
  delayRoutingKey,
  laneQueue,
  queueNames,
  returnsLane,
  returnsQueue,
} from "@jobwright/worker-runtime/contract";
import { hasArguments, workArguments } from "./fixed-arguments.ts";
import { lanePolicyName } from "./lanes.ts";
import { isBounded } from "./limits.ts";
import type { Observed } from "./observe.ts";
import type { Binding, JobQueueOnBroker, Topology } from "./topology.ts";

/**
 * What becomes of the queue to which a bounded JobQueue's delayed jobs and retries come back: it is there as long as limits
 * bound the queue, and then leaves as a lane does. Undefined: there is none.
 */
export type Returns = "serving" | "leaving" | undefined;

/** Whether the broker has the queue for what comes back. */
export function hasReturns({ queues, policies }: Pick<Observed, "queues" | "policies">, name: string): boolean {
  const found = queues.get(returnsQueue(name));
  if (found === undefined) return false;
  return hasArguments(found.arguments, workArguments(name)) || policies.has(lanePolicyName(name, returnsLane));
}

/** What becomes of a JobQueue's queue for what comes back, by what is wanted and what is there. */
export function returnsOf({ name, limits }: JobQueueOnBroker, observed: Observed): Returns {
  if (isBounded(limits)) return "serving";
  return hasReturns(observed, name) ? "leaving" : undefined;
}

/**
 * Where the jobs come that were delayed to the work queue or a lane. They must not be refused for lack of room, since the
 * delay fabric would stand still for everybody: so in a bounded JobQueue they come to a queue without limits. Those of a
 * lane that leaves or left (`gone`) come to where the work queue's own come.
 */
export function delayTopology(
  name: string,
  lanes: { readonly serving: readonly string[]; readonly gone: readonly string[] },
  returns: Returns,
): Required<Pick<Topology, "bindings" | "unwanted">> {
  const { queue } = queueNames(name);
  const back = returnsQueue(name);
  const targets = [
    { target: queue, home: queue },
    ...lanes.serving.map((lane) => ({ target: laneQueue(name, lane), home: laneQueue(name, lane) })),
    ...lanes.gone.map((lane) => ({ target: laneQueue(name, lane), home: queue })),
  ];
  const delayed = (target: string, destination: string): Binding => ({
    ...{ source: delayDeliveryExchange, destination, destinationType: "queue", routingKey: delayBindingKey(target) },
  });
  const destination = (home: string) => (returns === "serving" ? back : home);
  return {
    bindings: targets.map(({ target, home }) => delayed(target, destination(home))),
    unwanted: targets.flatMap(({ target, home }) =>
      [...new Set([target, queue, back])]
        .filter((other) => other !== destination(home))
        .map((other) => delayed(target, other)),
    ),
  };
}

/**
 * How a message is put into one of a JobQueue's queues that a producer was told is in it: straight, or, where the queue may
 * refuse it, the way that delayed jobs come back.
 */
export function wayInto(queue: string, { limits }: JobQueueOnBroker): { exchange: string; routingKey: string } {
  if (!isBounded(limits)) return { exchange: "", routingKey: queue };
  return { exchange: delayDeliveryExchange, routingKey: delayRoutingKey(0, queue) };
}
