import { delayBindingKey, delayDeliveryExchange, returnsLane, returnsQueue } from "@jobwright/worker-runtime/contract";
import { type Observed, readBindingId } from "./observe.ts";

const anyDelay = delayBindingKey("");

/** By listing: of each JobQueue the lanes whose delayed jobs come to another queue than the lane's own. */
const indexes = new WeakMap<Observed["bindings"], ReadonlyMap<string, readonly string[]>>();

/**
 * Lanes that a JobQueue had once, whose delayed jobs may still be on their way: what is bound for them tells. They are to be led
 * wherever the work queue's own delayed jobs go, however that changes later.
 */
export function formerLanes({ bindings }: Pick<Observed, "bindings">, name: string): readonly string[] {
  const index = indexes.get(bindings) ?? indexOf(bindings);
  indexes.set(bindings, index);
  return index.get(name) ?? [];
}

function indexOf(bindings: Observed["bindings"]): ReadonlyMap<string, readonly string[]> {
  const lanes = new Map<string, string[]>();
  const suffix = returnsQueue("");
  for (const id of bindings) {
    const { source, destinationType, destination, routingKey: key } = readBindingId(id);
    if (source !== delayDeliveryExchange || destinationType !== "queue" || !key.startsWith(anyDelay)) continue;
    const name = destination.endsWith(suffix) ? destination.slice(0, -suffix.length) : destination;
    const [before, lane] = [`${name}.`, key.slice(anyDelay.length + name.length + 1)];
    const isLane = key.startsWith(`${anyDelay}${before}`) && !lane.includes(".") && lane !== returnsLane;
    if (isLane) lanes.set(name, [...(lanes.get(name) ?? []), lane]);
  }
  return lanes;
}
