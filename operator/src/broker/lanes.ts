import { laneQueue, laneRoutingKey, queueNames } from "@jobwright/worker-runtime/contract";
import type { Observed } from "./observe.ts";
import { familyOf } from "./queue-families.ts";
import { type Binding, policyName, type Topology } from "./topology.ts";

/** The lanes of one JobQueue on its broker. */
export interface Lanes {
  /** The JobQueue's resolved name. */
  readonly queue: string;
  /** Lanes that it has. */
  readonly serving: readonly string[];
  /** Lanes that it has no more, whose queues are not yet empty and gone. */
  readonly leaving: readonly string[];
}

/** Fanout exchange that feeds the work queue with what goes to no lane: the alternate of the JobQueue's exchange. */
export function unlanedExchange(queue: string): string {
  return `${queue}.unlaned`;
}

/** Words that no lane is called by, since other queues of a JobQueue are. */
const notLanes: ReadonlySet<string> = new Set(["dead", "returns"]);

/** The own policy of a lane, where it has one. No JobQueue's name has a slash. */
export function lanePolicyName(queue: string, lane: string): string {
  return `${policyName(queue)}/${lane}`;
}

/** The lanes that have a queue on the broker: it dead-letters where the JobQueue does, by its arguments or by its own policy. */
export function lanesOnBroker({ queues, policies }: Pick<Observed, "queues" | "policies">, queue: string): string[] {
  const prefix = laneQueue(queue, "");
  const { deadLetterExchange } = queueNames(queue);
  const lanes: string[] = [];
  for (const name of familyOf(queues, queue)) {
    const lane = name.slice(prefix.length);
    if (notLanes.has(lane)) continue;
    const dlx = queues.get(name)?.arguments["x-dead-letter-exchange"];
    if (dlx === deadLetterExchange || policies.has(lanePolicyName(queue, lane))) lanes.push(lane);
  }
  return lanes;
}

/** What must go with a lane, last of all its policy. */
export function laneResources(queue: string, lane: string): { readonly queue: string; readonly policy: string } {
  return { queue: laneQueue(queue, lane), policy: lanePolicyName(queue, lane) };
}

/**
 * Where jobs come in, and to which queue of the JobQueue: for a queue of our own that is to get a copy of each.
 */
export function intakeOf(name: string, lanes: readonly string[]): Binding[] {
  const { bindings } = laneTopology({ queue: name, serving: lanes, leaving: [] });
  return [...bindings];
}

/**
 * How jobs come from the JobQueue's exchange into its queues. Without lanes: all into the work queue. With lanes: each
 * lane's by its key, and what matches none by the alternate exchange into the work queue, so every message goes to exactly one queue.
 */
export function laneTopology({
  queue,
  serving,
  leaving,
}: Lanes): Required<Pick<Topology, "exchanges" | "bindings" | "unwanted">> {
  const { exchange } = queueNames(queue);
  const laned = serving.length > 0;
  const unlaned = unlanedExchange(queue);
  const toQueue = (source: string, destination: string, routingKey: string): Binding => ({
    ...{ source, destination, destinationType: "queue", routingKey },
  });
  const whole = toQueue(exchange, queue, "#");
  const intake = (lane: string) => toQueue(exchange, laneQueue(queue, lane), laneRoutingKey(lane, "*"));
  return {
    exchanges: laned ? [{ name: unlaned, type: "fanout", arguments: {} }] : [],
    bindings: [...(laned ? [toQueue(unlaned, queue, "")] : [whole]), ...serving.map(intake)],
    unwanted: [...(laned ? [whole] : []), ...leaving.map(intake)],
  };
}
