import type { Difference } from "./diff.ts";
import type { MarkedBinding } from "./marked-bindings.ts";
import { bindingId, type Observed } from "./observe.ts";

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
