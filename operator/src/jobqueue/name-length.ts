import { delayBindingKey, laneQueue } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import { Problem } from "../problem.ts";

/** AMQP counts a routing key's bytes in one byte. A delayed job's key has the digits of its delay before the queue's name. */
const longestName = 255 - delayBindingKey("").length;

/**
 * Refuses names that the broker could declare a queue of, but to which no retry and no delayed job could return. The API server
 * cannot: its rules see no namespace.
 *
 * @param name resolved.
 * @throws Problem NameNotAllowed
 */
export function refuseLongNames({ spec }: JobQueue, name: string): void {
  if (name.length > longestName) {
    const field = spec.name === undefined ? "<namespace>.<metadata.name>" : "spec.name";
    throw tooLong(
      `its queue would be called "${name}" on the broker (${field})`,
      name,
      "create a JobQueue of a shorter name",
    );
  }
  for (const [index, lane] of (spec.lanes ?? []).entries()) {
    const queue = laneQueue(name, lane.name);
    if (queue.length <= longestName) continue;
    const found = `the queue of lane "${lane.name}" (spec.lanes[${index}].name) would be called "${queue}" on the broker`;
    throw tooLong(found, queue, "choose a shorter name for the lane");
  }
}

function tooLong(found: string, name: string, wayOut: string): Problem {
  const message = `${found}, which is ${name.length} characters long, and delayed jobs find their way to names of at most ${longestName}: ${wayOut}.`;
  return new Problem("Stalled", "NameNotAllowed", message);
}
