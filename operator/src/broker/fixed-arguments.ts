import { queueNames } from "@jobwright/worker-runtime/contract";

/** Arguments of a queue: what can never change without making it anew. */
export type Arguments = Readonly<Record<string, string | number>>;

/** The argument that makes a queue a quorum queue: the only kind with delivery limits and dead-lettering at least once. */
export const quorum = { "x-queue-type": "quorum" } as const;

/** Arguments of every queue that jobs of JobQueue `name` wait in: each change that a user may make is in a policy. */
export function workArguments(name: string): Arguments {
  return {
    ...quorum,
    "x-dead-letter-exchange": queueNames(name).deadLetterExchange,
    // Without reject-publish the broker silently falls back to dead-lettering at most once.
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
  };
}

/** Arguments of a dead-letter queue. The overflow is what it would be anyway; said, it tells our queue from a stranger's. */
export const deadLetterArguments: Arguments = { ...quorum, "x-overflow": "drop-head" };

/** What a policy says in place of these arguments, on a queue that exists without them. */
export function asPolicy(args: Arguments): Arguments {
  const said = Object.entries(args).filter(([key]) => key !== "x-queue-type");
  return Object.fromEntries(said.map(([key, value]) => [key.replace(/^x-/, ""), value]));
}

/** Whether a queue has all these arguments. */
export function hasArguments(found: Readonly<Record<string, unknown>>, expected: Arguments): boolean {
  return Object.entries(expected).every(([key, value]) => found[key] === value);
}
