import { isDeepStrictEqual } from "node:util";
import { type EventBinding, queueNames } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { segment } from "./management.ts";
import { bindingMark, type MarkedBinding, unmarked } from "./marked-bindings.ts";
import type { Observed } from "./observe.ts";
import type { Binding, JobQueueOnBroker } from "./topology.ts";

type Wanted = Pick<JobQueueOnBroker, "name" | "bindings" | "holdsBindings">;

/** What a JobQueue's bindings to other exchanges lack. */
interface EventBindingChanges {
  readonly missing: readonly EventBinding[];
  /** Of our making, and wanted no more. */
  readonly superfluous: readonly MarkedBinding[];
  /** Exchanges that do not exist (yet), each once. They are not ours to make. */
  readonly absent: readonly string[];
}

/** What became of a JobQueue's bindings to other exchanges. */
export interface EnsuredEventBindings {
  readonly absent: readonly string[];
  /** What is not made as long as the JobQueue holds its bindings. */
  readonly held: readonly Pick<EventBinding, "exchange" | "routingKey">[];
  /** What was put right, a sentence each. */
  readonly changed: readonly { readonly exchange: string; readonly found: string }[];
}

/** Compares the bindings that a JobQueue wants to exchanges that are not its own with those that bear our mark. */
export function eventBindingChanges({ name, bindings = [] }: Wanted, observed: Observed): EventBindingChanges {
  const there = observed.marked.get(queueNames(name).queue) ?? [];
  const exists = ({ exchange }: EventBinding) => observed.exchanges.has(exchange);
  return {
    missing: bindings.filter((one) => exists(one) && !there.some((found) => isSame(one, found))),
    superfluous: there.filter((found) => !bindings.some((one) => isSame(one, found))),
    absent: [...new Set(bindings.filter((one) => !exists(one)).map(({ exchange }) => exchange))],
  };
}

/**
 * Binds the work queue to the exchanges of others, and takes bindings of ours away that are wanted no more: later, so that
 * a message which an edit moves from one to the other is not lost. A message that several let in comes once.
 */
export async function ensureEventBindings(
  broker: Broker,
  wanted: Wanted,
  observed: Observed,
): Promise<EnsuredEventBindings> {
  const { absent, ...changes } = eventBindingChanges(wanted, observed);
  const held = wanted.holdsBindings ? changes.missing : [];
  // What an edit replaces stays until what it is replaced by is there.
  const { missing, superfluous } = held.length > 0 ? { missing: [], superfluous: [] } : changes;
  const { queue } = queueNames(wanted.name);
  const path = (exchange: string) =>
    `bindings/${segment(broker.address.vhost)}/e/${segment(exchange)}/q/${segment(queue)}`;
  try {
    for (const { exchange, routingKey, arguments: args } of missing) {
      const marked = { ...args, [bindingMark.name]: bindingMark.value };
      await broker.management.post(path(exchange), { routing_key: routingKey, arguments: marked });
    }
    for (const one of superfluous) await unbind(broker, path(one.source), one);
  } catch (error) {
    broker.forgetObservation();
    throw error;
  }
  if (missing.length + superfluous.length > 0) {
    const kept = (observed.marked.get(queue) ?? []).filter((one) => !superfluous.includes(one));
    const made = missing.map(({ exchange, routingKey, arguments: args }) => ({
      ...{ source: exchange, routingKey, arguments: args },
    }));
    broker.noteMarked(queue, [...kept, ...made]);
  }
  const changed = [
    ...missing.map(({ exchange, routingKey }) => ({ exchange, routingKey, was: "missing" })),
    ...superfluous.map(({ source, routingKey }) => ({ exchange: source, routingKey, was: "there" })),
  ];
  return {
    absent,
    held: held.map(({ exchange, routingKey }) => ({ exchange, routingKey })),
    changed: changed.map(({ exchange, routingKey, was }) => {
      const on = routingKey === "" ? "" : ` on "${routingKey}"`;
      return { exchange, found: `binding of queue "${queue}" to exchange "${exchange}"${on} was ${was}` };
    }),
  };
}

const listed = z.array(
  z.object({ routing_key: z.string(), arguments: z.record(z.string(), z.unknown()), properties_key: z.string() }),
);

/** Takes away what bears our mark, and leaves a stranger's that is the same but for it. */
async function unbind({ management }: Broker, path: string, { routingKey, arguments: args }: MarkedBinding) {
  for (const one of listed.parse((await management.find(path)) ?? [])) {
    if (one.routing_key !== routingKey || !isDeepStrictEqual(unmarked(one.arguments), args)) continue;
    await management.remove(`${path}/${segment(one.properties_key)}`);
  }
}

/**
 * Where messages of other exchanges come in, for a queue of our own that is to get a copy of each. Those that do not
 * exist are left out.
 */
export async function eventIntake(broker: Broker, { name, bindings = [] }: Wanted): Promise<Binding[]> {
  if (bindings.length === 0) return [];
  const { exchanges } = await broker.observe();
  const { queue } = queueNames(name);
  return bindings
    .filter(({ exchange }) => exchanges.has(exchange))
    .map(({ exchange, routingKey, arguments: args }) => ({
      ...{ source: exchange, destination: queue, destinationType: "queue", routingKey, arguments: args },
    }));
}

function isSame({ exchange, routingKey, arguments: args }: EventBinding, found: MarkedBinding): boolean {
  return exchange === found.source && routingKey === found.routingKey && isDeepStrictEqual(args, found.arguments);
}
