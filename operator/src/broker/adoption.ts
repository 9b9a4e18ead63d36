import type { Broker } from "./broker.ts";
import { readDepth } from "./depth.ts";
import { hasArguments } from "./fixed-arguments.ts";
import { type Observed, readBindingId } from "./observe.ts";
import type { JobQueuesQueue } from "./topology.ts";

/**
 * Finds the queues that somebody else made and the JobQueue takes over: they lack what we give ours, and have no policy of ours
 * yet.
 *
 * @returns a clause on each: its name, what is in it, and which exchanges feed it.
 */
export async function adoptedQueues(
  broker: Broker,
  queues: readonly JobQueuesQueue[],
  observed: Observed,
): Promise<string[]> {
  const adopted = queues.filter(({ name, policy, arguments: args }) => {
    const found = observed.queues.get(name);
    return found !== undefined && !hasArguments(found.arguments, args) && !observed.policies.has(policy);
  });
  return Promise.all(
    adopted.map(async ({ name }) => {
      const depth = await readDepth(broker.connection, name).catch(() => undefined);
      const messages = depth === undefined ? "" : ` with ${depth.ready} messages`;
      const sources = sourcesOf(name, observed);
      const bound = sources.length === 0 ? "" : `, bound to ${sources.join(", ")}`;
      return `queue "${name}"${messages}${bound}`;
    }),
  );
}

function sourcesOf(queue: string, { bindings }: Observed): string[] {
  const sources: string[] = [];
  for (const id of bindings) {
    const { source, destinationType, destination, routingKey } = readBindingId(id);
    // Every queue is bound to the default exchange.
    if (destinationType !== "queue" || destination !== queue || source === "") continue;
    sources.push(`exchange "${source}" on "${routingKey}"`);
  }
  return sources;
}
