import { delayEntryExchange, delayLevels, heartbeatExchange, queueNames } from "@jobwright/worker-runtime/contract";
import { escapePattern, exactly, nothing } from "./pattern.ts";

/** What a user may do in one vhost. Each pattern is a regular expression that the broker matches names against. */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  /** For topic exchanges it may write to: the routing keys it may use there. */
  readonly topics: readonly TopicPermission[];
}

export interface TopicPermission {
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/**
 * What the workers of one pool may do: take jobs from their queue, send them to the dead letters or into the delay
 * fabric back to their own queue, report under their own pool's name, and have control queues of their own, which only
 * the operator can write to.
 */
export function poolPermissions(pool: {
  /** Resolved name of the JobQueue. */
  readonly queueName: string;
  readonly namespace: string;
  readonly pool: string;
}): Permissions {
  const { queue, deadLetterExchange } = queueNames(pool.queueName);
  const controlQueues = `${escapePattern(`jobwright.control.${pool.namespace}.${pool.pool}.`)}[^.]+`;
  return {
    configure: `^${controlQueues}$`,
    write: exactly(deadLetterExchange, delayEntryExchange, heartbeatExchange),
    read: `^(${escapePattern(queue)}|${controlQueues})$`,
    topics: [
      { exchange: delayEntryExchange, write: delayTo(queue), read: nothing },
      {
        exchange: heartbeatExchange,
        write: `^${escapePattern(`${pool.namespace}.${pool.pool}.`)}[^.]+$`,
        read: nothing,
      },
    ],
  };
}

/** What a producer may do: publish to the JobQueue's exchange. */
export function producerPermissions({ queueName }: { readonly queueName: string }): Permissions {
  return { configure: nothing, write: exactly(queueNames(queueName).exchange), read: nothing, topics: [] };
}

/** Routing keys that send a message through the delay fabric to this queue and no other. */
function delayTo(queue: string): string {
  return `^([01]\\.){${delayLevels}}${escapePattern(queue)}$`;
}
