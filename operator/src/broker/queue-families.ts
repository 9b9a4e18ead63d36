import type { Observed } from "./observe.ts";

type Queues = Observed["queues"];

/** By listing: under each name the queues that are called `<name>.<word>`. Every JobQueue of a vhost asks for its own. */
const families = new WeakMap<Queues, Map<string, Set<string>>>();

/** The queues called `<name>.<word>`, without a look at all others. */
export function familyOf(queues: Queues, name: string): Iterable<string> {
  let family = families.get(queues);
  if (family === undefined) {
    family = new Map();
    for (const queue of queues.keys()) enter(family, queue);
    families.set(queues, family);
  }
  return family.get(name) ?? [];
}

/** To be called for each queue that is noted in a listing after it was made. */
export function noteInFamily(queues: Queues, queue: string): void {
  const family = families.get(queues);
  if (family !== undefined) enter(family, queue);
}

/** The same for each that is taken out of it. */
export function dropFromFamily(queues: Queues, queue: string): void {
  families.get(queues)?.get(headOf(queue))?.delete(queue);
}

function enter(family: Map<string, Set<string>>, queue: string): void {
  const head = headOf(queue);
  family.set(head, (family.get(head) ?? new Set<string>()).add(queue));
}

/** All but the last word. */
function headOf(queue: string): string {
  return queue.slice(0, Math.max(0, queue.lastIndexOf(".")));
}
