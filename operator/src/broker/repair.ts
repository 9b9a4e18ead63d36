import type { Broker } from "./broker.ts";
import { type Declaration, DeclarationRefused } from "./declarer.ts";
import type { Difference } from "./diff.ts";
import { type Management, segment } from "./management.ts";
import { changePolicy } from "./policy-changes.ts";
import type { Binding } from "./topology.ts";

/** How many calls to the management API are under way at once. */
const atOnce = 8;
/** So many one channel declares one after the other; of more, as of the delay fabric, several channels have a part each. */
const together = 12;

/**
 * Puts differences right, kind after kind in the order given; declaring what exists already changes nothing. The listing that
 * they were found in has them then; after a failure nobody sees it any more.
 */
export async function repair(broker: Broker, differences: readonly Difference[]): Promise<void> {
  const { management, address } = broker;
  const at = segment(address.vhost);
  const byManagement = async (kind: Difference["kind"]) => {
    const ofKind = differences.filter((difference) => difference.kind === kind).values();
    const worker = async () => {
      for (const difference of ofKind) await apply(management, at, difference);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };
  try {
    await byManagement("policy");
    const declarations = differences.filter(isDeclaration);
    if (differences.some(({ kind }) => kind === "unbinding")) {
      await declare(
        broker,
        at,
        declarations.filter(({ kind }) => kind !== "binding"),
      );
      await byManagement("unbinding");
      await declare(
        broker,
        at,
        declarations.filter(({ kind }) => kind === "binding"),
      );
    } else {
      await declare(broker, at, declarations);
    }
    await byManagement("unpolicy");
    broker.noteRepaired(differences);
  } catch (error) {
    broker.forgetObservation();
    throw error;
  }
}

function isDeclaration(difference: Difference): difference is Difference & Declaration {
  return ["exchange", "queue", "binding"].includes(difference.kind);
}

async function declare(broker: Broker, at: string, declarations: readonly (Difference & Declaration)[]): Promise<void> {
  const byKind = ["exchange", "queue", "binding"].map((kind) => declarations.filter((one) => one.kind === kind));
  // On one channel the order is kept without waiting in between.
  const steps = declarations.length <= together ? [byKind.flat()] : byKind;
  for (const step of steps) {
    const parts = Math.ceil(step.length / together);
    const size = Math.ceil(step.length / parts);
    await Promise.all(
      Array.from({ length: parts }, (_, part) => declarePart(broker, at, step.slice(part * size, (part + 1) * size))),
    );
  }
}

async function declarePart(broker: Broker, at: string, part: readonly (Difference & Declaration)[]): Promise<void> {
  try {
    await broker.declarer.declare(part);
  } catch (error) {
    if (!(error instanceof DeclarationRefused)) throw error;
    // The management API says which one it was, and why, and the others are made.
    for (const difference of part) await apply(broker.management, at, difference);
  }
}

async function apply(management: Management, at: string, difference: Difference): Promise<void> {
  const { kind, desired } = difference;
  switch (kind) {
    case "policy": {
      const { name, pattern, priority, definition } = desired;
      const policy = { pattern, priority, definition, "apply-to": "queues" };
      return changePolicy(management, () => management.put(`policies/${at}/${segment(name)}`, policy));
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
      return changePolicy(management, () => management.remove(`policies/${at}/${segment(desired.name)}`));
  }
}

function bindingPath(at: string, { source, destination, destinationType }: Binding): string {
  return `bindings/${at}/e/${segment(source)}/${destinationType === "queue" ? "q" : "e"}/${segment(destination)}`;
}
