import {
  delayBindingKey,
  delayDeliveryExchange,
  laneQueue,
  laneRoutingKey,
  queueNames,
} from "@jobwright/worker-runtime/contract";
import type { Observed } from "./observe.ts";
import { exactly } from "./pattern.ts";
import { type Binding, type Policy, policyName, policyPriority, quorum, type Topology } from "./topology.ts";

/** The lanes of one JobQueue on its broker. */
export interface Lanes {
  /** The JobQueue's resolved name. */
  readonly queue: string;
  /** Lanes that it has. */
  readonly serving: readonly string[];
  /** Lanes that it has no more, whose queues are not yet empty and gone. */
  readonly leaving: readonly string[];
  /** The policy of the work queue, which lanes have too. */
  readonly definition: Policy["definition"];
}

/** Fanout exchange that feeds the work queue with what goes to no lane: the alternate of the JobQueue's exchange. */
export function unlanedExchange(queue: string): string {
  return `${queue}.unlaned`;
}

/** No JobQueue's name has a slash, so the policy also tells whose lane the queue is. */
function lanePolicyName(queue: string, lane: string): string {
  return `${policyName(queue)}/${lane}`;
}

/** The policy by which the JobQueue's exchange has its alternate. */
export function alternatePolicyName(queue: string): string {
  return `${policyName(queue)}//alternate`;
}

/** The lanes that have a queue on the broker, or had one until somebody deleted it, as their policies tell. */
export function lanesOnBroker({ policies }: Pick<Observed, "policies">, queue: string): string[] {
  const prefix = lanePolicyName(queue, "");
  const alternate = alternatePolicyName(queue);
  return [...policies.keys()]
    .filter((name) => name.startsWith(prefix) && name !== alternate)
    .map((name) => name.slice(prefix.length));
}

/** What must go with a lane, last of all its policy. */
export function laneResources(queue: string, lane: string): { readonly queue: string; readonly policy: string } {
  return { queue: laneQueue(queue, lane), policy: lanePolicyName(queue, lane) };
}

/**
 * Where jobs come in, and to which queue of the JobQueue: for a queue of our own that is to get a copy of each.
 */
export function intakeOf(name: string, lanes: readonly string[]): Binding[] {
  const { bindings } = laneTopology({ queue: name, serving: lanes, leaving: [], definition: {} });
  return bindings.filter(({ source }) => source !== delayDeliveryExchange);
}

/**
 * How jobs come from the JobQueue's exchange into its queues. Without lanes: all into the work queue. With lanes: each
 * lane's by its key, and what matches none by the alternate exchange into the work queue, so every message goes to exactly one queue.
 * Delayed jobs of a lane that is gone are delivered to the work queue.
 */
export function laneTopology({ queue, serving, leaving, definition }: Lanes): Required<Topology> {
  const { exchange } = queueNames(queue);
  const laned = serving.length > 0;
  const unlaned = unlanedExchange(queue);
  const toQueue = (source: string, destination: string, routingKey: string): Binding => ({
    ...{ source, destination, destinationType: "queue", routingKey },
  });
  const whole = toQueue(exchange, queue, "#");
  const intake = (lane: string) => toQueue(exchange, laneQueue(queue, lane), laneRoutingKey(lane, "*"));
  const delayedTo = (lane: string, to: string) =>
    toQueue(delayDeliveryExchange, to, delayBindingKey(laneQueue(queue, lane)));
  return {
    exchanges: laned ? [{ name: unlaned, type: "fanout", arguments: {} }] : [],
    queues: [...serving, ...leaving].map((lane) => ({ name: laneQueue(queue, lane), arguments: quorum })),
    bindings: [
      ...(laned ? [toQueue(unlaned, queue, "")] : [whole]),
      ...serving.flatMap((lane) => [intake(lane), delayedTo(lane, laneQueue(queue, lane))]),
      ...leaving.map((lane) => delayedTo(lane, queue)),
    ],
    unwanted: [
      ...(laned ? [whole] : []),
      ...serving.map((lane) => delayedTo(lane, queue)),
      ...leaving.flatMap((lane) => [intake(lane), delayedTo(lane, laneQueue(queue, lane))]),
    ],
    policies: [
      ...[...serving, ...leaving].map((lane) => ({
        name: lanePolicyName(queue, lane),
        pattern: exactly(laneQueue(queue, lane)),
        priority: policyPriority,
        definition,
      })),
      ...(laned
        ? [
            {
              name: alternatePolicyName(queue),
              pattern: exactly(exchange),
              priority: policyPriority,
              appliesTo: "exchanges" as const,
              definition: { "alternate-exchange": unlaned },
            },
          ]
        : []),
    ],
  };
}
