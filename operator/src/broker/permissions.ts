import {
  delayEntryExchange,
  delayLevels,
  heartbeatExchange,
  laneQueue,
  queueNames,
  repliesExchange,
  returnsQueue,
} from "@jobwright/worker-runtime/contract";
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

/** The queues that a party has to do with: a JobQueue's own and its lanes'. */
interface Queues {
  /** Resolved name of the JobQueue. */
  readonly queueName: string;
  /** Those that are leaving included. */
  readonly lanes?: readonly string[];
}

/**
 * What the workers of one pool may do: take jobs from their queue, its lanes and what comes back to them, enqueue more of
 * them, send them to the dead letters or into the delay fabric back to where they came from, tell what became of them, report under their own pool's name,
 * and have control queues of their own, which only the operator can write to. Of the queues in `publishTo` they may do only what
 * a producer may: enqueue, at once or delayed.
 */
export function poolPermissions(
  pool: Queues & { readonly namespace: string; readonly pool: string; readonly publishTo?: readonly Queues[] },
): Permissions {
  const { publishTo = [] } = pool;
  const { exchange, deadLetterExchange, outcomeExchange } = queueNames(pool.queueName);
  const queues = namesOf(pool);
  const controlQueues = `${escapePattern(`jobwright.control.${pool.namespace}.${pool.pool}.`)}[^.]+`;
  return {
    configure: `^${controlQueues}$`,
    write: exactly(
      ...[exchange, deadLetterExchange, outcomeExchange],
      ...publishTo.map((to) => queueNames(to.queueName).exchange),
      ...[delayEntryExchange, heartbeatExchange, repliesExchange],
    ),
    // Also where nothing comes back that way yet: limits come to a live queue.
    read: `^(${[...queues, returnsQueue(pool.queueName)].map(escapePattern).join("|")}|${controlQueues})$`,
    topics: [
      { exchange: delayEntryExchange, write: delayTo([...queues, ...publishTo.flatMap(namesOf)]), read: nothing },
      {
        exchange: heartbeatExchange,
        write: `^${escapePattern(`${pool.namespace}.${pool.pool}.`)}[^.]+$`,
        read: nothing,
      },
    ],
  };
}

/**
 * What a producer may do: publish to the JobQueue's exchange, at once or delayed, and have queues
 * `jobwright.replies.<queue>.<anything>` for replies to keys `<queue>.<anything>`; one that the spec names has
 * `<queue>.@<producer>` in the place of `<queue>`, which no other's pattern matches. A key must be known to be bound (no `*`
 * or `#`), so not even the processes of one producer see what others asked for.
 */
export function producerPermissions(producer: Queues & { readonly producer?: string | undefined }): Permissions {
  const { exchange } = queueNames(producer.queueName);
  // No queue's name has an @ in it, so this cannot be the prefix of another queue's producers either.
  const prefix = producer.producer === undefined ? producer.queueName : `${producer.queueName}.@${producer.producer}`;
  const replyQueues = `${escapePattern(`${repliesExchange}.${prefix}.`)}[^.]+`;
  return {
    configure: `^${replyQueues}$`,
    write: `^(${escapePattern(exchange)}|${escapePattern(delayEntryExchange)}|${replyQueues})$`,
    read: `^(${escapePattern(repliesExchange)}|${replyQueues})$`,
    topics: [
      { exchange: delayEntryExchange, write: delayTo(namesOf(producer)), read: nothing },
      {
        exchange: repliesExchange,
        write: nothing,
        read: `^${escapePattern(`${prefix}.`)}[^.*#]+$`,
      },
    ],
  };
}

function namesOf({ queueName, lanes = [] }: Queues): string[] {
  return [queueNames(queueName).queue, ...lanes.map((lane) => laneQueue(queueName, lane))];
}

/** Routing keys that send a message through the delay fabric to one of these queues and no other. */
function delayTo(queues: readonly string[]): string {
  return `^([01]\\.){${delayLevels}}(${queues.map(escapePattern).join("|")})$`;
}
