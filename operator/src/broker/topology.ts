import {
  type EventBinding,
  laneQueue,
  queueNames,
  returnsLane,
  returnsQueue,
} from "@jobwright/worker-runtime/contract";
import type { BrokerFeatures } from "./features.ts";
import { type Arguments, asPolicy, deadLetterArguments, workArguments } from "./fixed-arguments.ts";
import { formerLanes } from "./former-lanes.ts";
import { lanePolicyName, laneTopology, unlanedExchange } from "./lanes.ts";
import { type Limits, limitSettings } from "./limits.ts";
import { nothingObserved, type Observed } from "./observe.ts";
import { ownPolicies, ownPoliciesOnBroker } from "./own-policies.ts";
import { delayTopology, type Returns, returnsOf } from "./returns.ts";
import { deadLetterSettings, defaultSettings, workSettings } from "./settings.ts";

/** A durable exchange. */
export interface Exchange {
  readonly name: string;
  readonly type: "topic" | "fanout";
  readonly arguments: Readonly<Record<string, string>>;
  /** One that exists may lack the arguments. */
  readonly mayLackArguments?: boolean;
}

/** A durable quorum queue. */
export interface Queue {
  readonly name: string;
  readonly arguments: Arguments;
  /**
   * What policies say of it, as a definition's keys. One that exists may lack arguments, for a policy stands in for them, and may
   * have arguments that say what the policy says. Absent: its arguments must be as they are here.
   */
  readonly byPolicy?: Policy["definition"];
}

/** A queue of one JobQueue, with what its user may change. */
export interface JobQueuesQueue extends Required<Queue> {
  /** The name of its own policy, where it has one. */
  readonly policy: string;
  readonly settings: Policy["definition"];
  /** What the settings are by default. */
  readonly defaults: Policy["definition"];
}

export interface Binding {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
  /** Only of those to others' exchanges: see event-bindings.ts. */
  readonly arguments?: EventBinding["arguments"];
}

/** A policy on queues. */
export interface Policy {
  readonly name: string;
  readonly pattern: string;
  readonly priority: number;
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
  /** Names of policies of our own making that must not be there any more. */
  readonly unwantedPolicies?: readonly string[];
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
  /** How much it takes in. Absent: all there is room for. */
  readonly limits?: Limits;
  /** Exchanges of others whose messages are its jobs. Absent or empty: none. */
  readonly bindings?: readonly EventBinding[];
  /** Its workers cannot name the messages of all bindings yet: those that are not there are not made now, nor others taken away. */
  readonly holdsBindings?: boolean;
}

/** Above the catch-all policies that brokers tend to have, whose priority is mostly 0; a user can still go over it. */
export const policyPriority = 100;

/** The policy of a queue of ours. */
export function policyName(queue: string): string {
  return `jobwright:${queue}`;
}

/**
 * Everything that one JobQueue needs on its broker, but for what it shares with others (shared.ts).
 *
 * @param leaving lanes that it has no more, whose queues are not yet empty and gone.
 * @param observed what is there: queues that were adopted need policies of their own, and policies may be needed no more.
 */
export function desiredTopology(
  wanted: JobQueueOnBroker,
  features: BrokerFeatures,
  leaving: readonly string[] = [],
  observed: Observed = nothingObserved,
): Topology & { readonly queues: readonly JobQueuesQueue[] } {
  const { name, lanes = [] } = wanted;
  const { exchange, deadLetterExchange, deadLetterQueue, outcomeExchange } = queueNames(name);
  const laned = laneTopology({ queue: name, serving: lanes, leaving });
  const returns = returnsOf(wanted, observed);
  // To the queues, not to the exchange: a delayed job is no new one, and its key still holds the delay's digits.
  const former = formerLanes(observed, name).filter((lane) => !lanes.includes(lane));
  const delayed = delayTopology(name, { serving: lanes, gone: [...new Set([...leaving, ...former])] }, returns);
  const queues = jobQueuesQueues(wanted, features, leaving, returns);
  const policies = ownPolicies(name, queues, observed);
  return {
    exchanges: [
      {
        name: exchange,
        type: "topic",
        // Nothing takes this way, and nothing need be there, as long as the work queue is bound for all keys.
        arguments: { "alternate-exchange": unlanedExchange(name) },
        mayLackArguments: lanes.length === 0,
      },
      { name: deadLetterExchange, type: "fanout", arguments: {} },
      // Also where nobody's outcomes are published yet: who listens keeps its bindings while the policy changes.
      { name: outcomeExchange, type: "topic", arguments: {} },
      ...laned.exchanges,
    ],
    queues,
    bindings: [
      { source: deadLetterExchange, destination: deadLetterQueue, destinationType: "queue", routingKey: "" },
      ...delayed.bindings,
      ...laned.bindings,
    ],
    unwanted: [...delayed.unwanted, ...laned.unwanted],
    policies,
    unwantedPolicies: ownPoliciesOnBroker(observed, name).filter(
      (policy) => !policies.some((one) => one.name === policy),
    ),
  };
}

/** The work queue, the dead-letter queue, the lanes' queues of a JobQueue and the one for what comes back to them. */
function jobQueuesQueues(
  wanted: JobQueueOnBroker,
  features: BrokerFeatures,
  leaving: readonly string[],
  returns: Returns,
): JobQueuesQueue[] {
  const { name, lanes = [] } = wanted;
  const { queue, deadLetterQueue } = queueNames(name);
  const back = {
    arguments: workArguments(name),
    settings: workSettings(wanted, features),
    defaults: workSettings(defaultSettings, features),
  };
  const work = { ...back, settings: { ...back.settings, ...limitSettings(wanted, returns === "leaving") } };
  const dead = {
    arguments: deadLetterArguments,
    settings: deadLetterSettings(wanted, features),
    defaults: deadLetterSettings(defaultSettings, features),
  };
  return [
    { ...work, name: queue, policy: policyName(queue) },
    { ...dead, name: deadLetterQueue, policy: policyName(deadLetterQueue) },
    ...[...lanes, ...leaving].map((lane) => ({
      ...{ ...work, name: laneQueue(name, lane), policy: lanePolicyName(name, lane) },
    })),
    ...(returns === undefined
      ? []
      : [{ ...back, name: returnsQueue(name), policy: lanePolicyName(name, returnsLane) }]),
  ].map((one) => ({ ...one, byPolicy: { ...asPolicy(one.arguments), ...one.settings } }));
}
