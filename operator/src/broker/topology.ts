import { delayBindingKey, delayDeliveryExchange, queueNames } from "@jobwright/worker-runtime/contract";
import type { BrokerFeatures } from "./features.ts";
import { type Lanes, laneTopology } from "./lanes.ts";
import { exactly } from "./pattern.ts";

/** A durable exchange. */
export interface Exchange {
  readonly name: string;
  readonly type: "topic" | "fanout";
  readonly arguments: Readonly<Record<string, string>>;
}

/** A durable quorum queue. */
export interface Queue {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number>>;
}

export interface Binding {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
}

/** A policy on queues, or on exchanges. */
export interface Policy {
  readonly name: string;
  readonly pattern: string;
  readonly priority: number;
  /** Absent: queues. */
  readonly appliesTo?: "exchanges";
  readonly definition: Readonly<Record<string, string | number>>;
}

/** What should exist in a vhost. Other things there are left alone, strangers' bindings of the same queues included. */
export interface Topology {
  readonly exchanges: readonly Exchange[];
  readonly queues: readonly Queue[];
  readonly bindings: readonly Binding[];
  readonly policies: readonly Policy[];
  /** Bindings of our own making that must not be there (any more): a message would be doubled, or go where nobody looks. */
  readonly unwanted?: readonly Binding[];
}

/** What a JobQueue wants of its broker. */
export interface JobQueueOnBroker {
  /** Resolved name, for example `media.image-resize`. */
  readonly name: string;
  /** Times a job is handed out without an outcome before it is dead-lettered. */
  readonly deliveryLimit: number;
  readonly deadLetter: {
    /** How long dead letters are kept, ms. */
    readonly retentionMs: number;
    /** At most so many dead letters; the oldest go first. Absent: no limit. */
    readonly maxLength?: number;
  };
  /** How long a worker may keep a job, ms. Absent: as the broker is configured. */
  readonly maxJobDurationMs?: number;
  /** Names of its priority lanes, each with a queue of its own. Absent or empty: none. */
  readonly lanes?: readonly string[];
}

/** The argument that makes a queue a quorum queue: the only kind with delivery limits and dead-lettering at least once. */
export const quorum = { "x-queue-type": "quorum" } as const;

/** Above the catch-all policies that brokers tend to have, whose priority is mostly 0; a user can still go over it. */
export const policyPriority = 100;

/** The policy of a queue of ours. */
export function policyName(queue: string): string {
  return `jobwright:${queue}`;
}

/**
 * Everything that one JobQueue needs on its broker, but for what it shares with others (delay-fabric.ts).
 *
 * @param leaving lanes that it has no more, whose queues are not yet empty and gone.
 */
export function desiredTopology(
  wanted: JobQueueOnBroker,
  features: BrokerFeatures,
  leaving: readonly string[] = [],
): Topology {
  const { name, deadLetter } = wanted;
  const { exchange, queue, deadLetterExchange, deadLetterQueue, outcomeExchange } = queueNames(name);
  const lanes: Lanes = { queue: name, serving: wanted.lanes ?? [], leaving, definition: workPolicy(wanted, features) };
  const laned = laneTopology(lanes);
  return {
    exchanges: [
      { name: exchange, type: "topic", arguments: {} },
      { name: deadLetterExchange, type: "fanout", arguments: {} },
      // Also where nobody's outcomes are published yet: who listens keeps its bindings while the policy changes.
      { name: outcomeExchange, type: "topic", arguments: {} },
      ...laned.exchanges,
    ],
    // What a user may change is in the policies, so an edit never makes a queue anew.
    queues: [{ name: queue, arguments: quorum }, { name: deadLetterQueue, arguments: quorum }, ...laned.queues],
    bindings: [
      { source: deadLetterExchange, destination: deadLetterQueue, destinationType: "queue", routingKey: "" },
      // To the queue, not to its exchange: a delayed job is no new one, and its key still holds the delay's digits.
      {
        source: delayDeliveryExchange,
        destination: queue,
        destinationType: "queue",
        routingKey: delayBindingKey(queue),
      },
      ...laned.bindings,
    ],
    unwanted: laned.unwanted,
    policies: [
      {
        name: policyName(queue),
        pattern: exactly(queue),
        priority: policyPriority,
        definition: workPolicy(wanted, features),
      },
      ...laned.policies,
      {
        name: policyName(deadLetterQueue),
        pattern: exactly(deadLetterQueue),
        priority: policyPriority,
        definition: {
          "message-ttl": deadLetter.retentionMs,
          ...(deadLetter.maxLength === undefined ? {} : { "max-length": deadLetter.maxLength, overflow: "drop-head" }),
          // Letters that are browsed often must not be dropped for it.
          ...(features.unlimitedDeliveriesMustBeSaid ? { "delivery-limit": -1 } : {}),
        },
      },
    ],
  };
}

/** The policy of every queue that jobs wait in. */
function workPolicy(
  { name, deliveryLimit, maxJobDurationMs }: JobQueueOnBroker,
  features: BrokerFeatures,
): Policy["definition"] {
  return {
    "dead-letter-exchange": queueNames(name).deadLetterExchange,
    // Without reject-publish the broker silently falls back to dead-lettering at most once.
    "dead-letter-strategy": "at-least-once",
    overflow: "reject-publish",
    "delivery-limit": deliveryLimit,
    ...(features.consumerTimeoutByPolicy && maxJobDurationMs !== undefined
      ? { "consumer-timeout": maxJobDurationMs }
      : {}),
  };
}
