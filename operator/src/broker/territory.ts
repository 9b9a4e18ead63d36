import { deadLetterArguments, hasArguments, workArguments } from "./fixed-arguments.ts";
import type { Observed, ObservedQueue } from "./observe.ts";

/**
 * The first word of a name of two words, `media` of `media.image-resize`: the queues `media.<word>` and `media.<word>.<word>`
 * share their policies. Undefined for other names, whose queues have policies of their own.
 */
export function territoryOf(name: string): string | undefined {
  const [territory, label, ...more] = name.split(".");
  return label === undefined || more.length > 0 ? undefined : territory;
}

/** By listing: it is looked at by every JobQueue of the vhost. */
const strangers = new WeakMap<Observed, ReadonlyMap<string, readonly string[]>>();

/**
 * Queues of a territory that are not a JobQueue's by what their arguments say, sorted: strangers', and those that were adopted.
 * Shared policies leave them alone. Exclusive queues are not listed: they come and go with a connection.
 */
export function strangersIn(observed: Observed, territory: string): readonly string[] {
  let found = strangers.get(observed);
  if (found === undefined) {
    found = findStrangers(observed);
    strangers.set(observed, found);
  }
  return found.get(territory) ?? [];
}

function findStrangers({ queues }: Observed): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const queue of queues.values()) {
    const [territory, label, ...more] = queue.name.split(".");
    if (territory === undefined || label === undefined || more.length > 1) continue;
    if (queue.exclusive === true || isOurs(queue)) continue;
    const others = found.get(territory) ?? [];
    found.set(territory, others);
    others.push(queue.name);
  }
  for (const names of found.values()) names.sort();
  return found;
}

/** Whether a queue of two or three words has the arguments of a JobQueue's work queue, lane or dead-letter queue. */
function isOurs({ name, arguments: args }: ObservedQueue): boolean {
  const [territory, label, word] = name.split(".");
  return hasArguments(args, word === "dead" ? deadLetterArguments : workArguments(`${territory}.${label}`));
}
