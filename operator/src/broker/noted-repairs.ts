import type { Difference } from "./diff.ts";
import type { MarkedBinding } from "./marked-bindings.ts";
import { bindingId, type Observed, readBindingId } from "./observe.ts";
import { dropFromFamily, noteInFamily } from "./queue-families.ts";

type Changeable<T> = T extends ReadonlyMap<infer K, infer V> ? Map<K, V> : T extends ReadonlySet<infer V> ? Set<V> : T;

/** Changes a listing as the broker was changed by putting these differences right. */
export function noteRepaired(observed: Observed, differences: readonly Difference[]): void {
  // Those who look at it may not change it; who makes it may.
  const { queues, exchanges, bindings, policies } = observed as {
    readonly [Part in keyof Observed]: Changeable<Observed[Part]>;
  };
  for (const { kind, desired } of differences) {
    switch (kind) {
      case "policy": {
        const { name, pattern, priority, definition } = desired;
        policies.set(name, { name, pattern, priority, definition: { ...definition }, "apply-to": "queues" });
        break;
      }
      case "exchange": {
        const { name, type, arguments: args } = desired;
        exchanges.set(name, {
          ...{ name, type, arguments: { ...args } },
          ...{ durable: true, auto_delete: false, internal: false },
        });
        break;
      }
      case "queue": {
        const { name, arguments: args } = desired;
        queues.set(name, { name, arguments: { ...args }, durable: true, auto_delete: false, type: "quorum" });
        noteInFamily(queues, name);
        break;
      }
      case "binding":
        bindings.add(bindingOf(desired));
        break;
      case "unbinding":
        bindings.delete(bindingOf(desired));
        break;
      case "unpolicy":
        policies.delete(desired.name);
        break;
    }
  }
}

/** What was taken off the broker, by name. */
export interface Removed {
  readonly exchanges: readonly string[];
  readonly queues: readonly string[];
  readonly policies: readonly string[];
}

/** Changes a listing as the broker was changed by removing these: their bindings went with them. */
export function noteRemoved(observed: Observed, removed: Removed): void {
  const { queues, exchanges, bindings, policies, marked } = observed as {
    readonly [Part in keyof Observed]: Changeable<Observed[Part]>;
  };
  for (const name of removed.queues) {
    queues.delete(name);
    dropFromFamily(queues, name);
    marked.delete(name);
  }
  for (const name of removed.exchanges) exchanges.delete(name);
  for (const name of removed.policies) policies.delete(name);
  const gone = { queue: new Set(removed.queues), exchange: new Set(removed.exchanges) };
  for (const id of bindings) {
    const { source, destination, destinationType } = readBindingId(id);
    const ofType = destinationType === "queue" ? gone.queue : gone.exchange;
    if (gone.exchange.has(source) || ofType.has(destination)) bindings.delete(id);
  }
}

/** Changes a listing as the broker was changed by binding a queue to exchanges of others. */
export function noteMarked({ marked }: Observed, queue: string, bindings: readonly MarkedBinding[]): void {
  (marked as Changeable<typeof marked>).set(queue, bindings);
}

function bindingOf({
  source,
  destinationType,
  destination,
  routingKey,
}: (Difference & { kind: "binding" })["desired"]) {
  return bindingId(source, destinationType, destination, routingKey);
}
