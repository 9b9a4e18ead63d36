import {
  delayDeliveryExchange,
  delayLevel,
  delayLevels,
  delayParked,
  heartbeatExchange,
  repliesExchange,
} from "@jobwright/worker-runtime/contract";
import type { BrokerFeatures } from "./features.ts";
import { quorum } from "./fixed-arguments.ts";
import { escapePattern } from "./pattern.ts";
import { type Binding, type Exchange, policyName, policyPriority, type Queue, type Topology } from "./topology.ts";

/**
 * What all JobQueues of a vhost share: the delay fabric (how it works: contract/delay.ts) and the exchanges of the
 * workers' heartbeats and of replies. Declared on first use, never deleted with a JobQueue.
 *
 * The topic exchange of level n sends digit 1 into the level's queue and digit 0 past it. The queue's messages expire
 * after 2ⁿ s into the next lower level's exchange, their routing key unchanged. What leaves level 0 is delivered, or
 * parked if its target is gone: unroutable messages would otherwise block the level for everybody.
 */
export function desiredDelayFabric(features: BrokerFeatures): Topology {
  const levels = Array.from({ length: delayLevels }, (_, index) => delayLevels - 1 - index);
  return {
    exchanges: [
      { name: heartbeatExchange, type: "topic", arguments: {} },
      { name: repliesExchange, type: "topic", arguments: {} },
      { name: delayParked, type: "fanout", arguments: {} },
      { name: delayDeliveryExchange, type: "topic", arguments: { "alternate-exchange": delayParked } },
      ...levels.map((level): Exchange => ({ name: delayLevel(level), type: "topic", arguments: {} })),
    ],
    queues: [{ name: delayParked, arguments: quorum }, ...levels.map(levelQueue)],
    bindings: [
      { source: delayParked, destination: delayParked, destinationType: "queue", routingKey: "" },
      ...levels.flatMap(levelBindings),
    ],
    policies: [
      {
        // Also keeps a broker's catch-all policy (a time to live, a maximum length) away from what must not be lost.
        name: policyName("jobwright.delay"),
        pattern: `^${escapePattern("jobwright.delay.")}([0-9]+|parked)$`,
        priority: policyPriority,
        definition: {
          overflow: "reject-publish",
          ...(features.unlimitedDeliveriesMustBeSaid ? { "delivery-limit": -1 } : {}),
        },
      },
    ],
  };
}

/** Where a message goes from level `level`, having waited there or not. */
function below(level: number): string {
  return level === 0 ? delayDeliveryExchange : delayLevel(level - 1);
}

function levelQueue(level: number): Queue {
  return {
    name: delayLevel(level),
    arguments: {
      ...quorum,
      "x-message-ttl": 2 ** level * 1000,
      "x-dead-letter-exchange": below(level),
      "x-dead-letter-strategy": "at-least-once",
      "x-overflow": "reject-publish",
    },
  };
}

function levelBindings(level: number): Binding[] {
  const digitsBefore = "*.".repeat(delayLevels - 1 - level);
  const source = delayLevel(level);
  return [
    { source, destination: source, destinationType: "queue", routingKey: `${digitsBefore}1.#` },
    { source, destination: below(level), destinationType: "exchange", routingKey: `${digitsBefore}0.#` },
  ];
}
