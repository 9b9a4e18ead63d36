import type { BrokerAddress } from "./address.ts";
import type { Difference } from "./diff.ts";
import { type Management, segment } from "./management.ts";
import type { Binding } from "./topology.ts";

/** How many declarations of one kind are under way at once. */
const atOnce = 8;

/** Puts differences right, kind after kind in the order given; declaring what exists already changes nothing. */
export async function repair(
  management: Management,
  { vhost }: BrokerAddress,
  differences: readonly Difference[],
): Promise<void> {
  const at = segment(vhost);
  for (const kind of ["policy", "exchange", "queue", "unbinding", "binding", "unpolicy"] as const) {
    const ofKind = differences.filter((difference) => difference.kind === kind).values();
    const worker = async () => {
      for (const difference of ofKind) await apply(management, at, difference);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }
}

async function apply(management: Management, at: string, difference: Difference): Promise<void> {
  const { kind, desired } = difference;
  switch (kind) {
    case "policy": {
      const { name, pattern, priority, definition } = desired;
      const policy = { pattern, priority, definition, "apply-to": "queues" };
      return management.put(`policies/${at}/${segment(name)}`, policy);
    }
    case "exchange": {
      const { name, type, arguments: args } = desired;
      return management.put(`exchanges/${at}/${segment(name)}`, { type, durable: true, arguments: args });
    }
    case "queue":
      return management.put(`queues/${at}/${segment(desired.name)}`, { durable: true, arguments: desired.arguments });
    case "binding":
      await management.post(bindingPath(at, desired), { routing_key: desired.routingKey, arguments: {} });
      return;
    case "unbinding":
      // A binding's last path segment is its routing key with arguments, as the broker writes it.
      return management.remove(`${bindingPath(at, desired)}/${segment(desired.routingKey)}`);
    case "unpolicy":
      return management.remove(`policies/${at}/${segment(desired.name)}`);
  }
}

function bindingPath(at: string, { source, destination, destinationType }: Binding): string {
  return `bindings/${at}/e/${segment(source)}/${destinationType === "queue" ? "q" : "e"}/${segment(destination)}`;
}
