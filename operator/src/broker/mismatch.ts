import { KindMismatch } from "./errors.ts";
import type { ObservedExchange, ObservedQueue } from "./observe.ts";
import type { Exchange, Queue, Topology } from "./topology.ts";

type Table = Readonly<Record<string, unknown>>;

/** How many members a queue has and where its leader is put is its owner's choice and changes nothing here. */
const indifferent = /^x-(quorum-.*-group-size|queue-leader-locator)$/;

/**
 * Looks at what exists under names that are wanted.
 *
 * @throws KindMismatch with all differences, if something there cannot become what is wanted.
 */
export function refuseMismatches(
  { exchanges, queues }: Topology,
  observed: {
    readonly exchanges: ReadonlyMap<string, ObservedExchange>;
    readonly queues: ReadonlyMap<string, ObservedQueue>;
  },
): void {
  const wrongQueues = queues.flatMap((queue) => queueMismatch(queue, observed.queues.get(queue.name)) ?? []);
  const wrongExchanges = exchanges.flatMap((one) => exchangeMismatch(one, observed.exchanges.get(one.name)) ?? []);
  const all = [...wrongQueues, ...wrongExchanges];
  if (all.length === 0) return;
  throw new KindMismatch(wrongQueues.length > 0 ? "QueueKindMismatch" : "ExchangeKindMismatch", all.join("; "));
}

function queueMismatch(desired: Queue, found: ObservedQueue | undefined): string | undefined {
  if (found === undefined) return undefined;
  // A classic queue that was declared without saying its type has no such argument.
  const { "x-queue-type": type = found.type ?? "classic", ...rest } = found.arguments;
  const { "x-queue-type": expectedType, ...expectedArguments } = desired.arguments;
  const has = Object.fromEntries(Object.entries(rest).filter(([key]) => !indifferent.test(key)));
  const byPolicy = Object.entries(desired.byPolicy ?? {}).map(([key, value]) => [`x-${key}`, value] as const);
  const differences = argumentDifferences(has, { ...expectedArguments, ...Object.fromEntries(byPolicy) }, [
    // A policy stands in for them.
    ...(desired.byPolicy === undefined ? Object.keys(expectedArguments) : []),
  ]);
  const kind = [
    ...(found.exclusive === true ? ["exclusive"] : []),
    ...(found.durable === false ? ["transient"] : []),
    ...(found.auto_delete === true ? ["auto-delete"] : []),
    String(type),
  ].join(" ");
  if (kind === expectedType && differences.length === 0) return undefined;
  const way = "empty it and delete it, or choose another name";
  return `queue "${desired.name}" exists as ${said(kind, has)}, expected ${[expectedType, ...differences].join(" ")}: ${way}`;
}

function exchangeMismatch(desired: Exchange, found: ObservedExchange | undefined): string | undefined {
  if (found === undefined) return undefined;
  const kind = [
    ...(found.durable ? [] : ["transient"]),
    ...(found.auto_delete ? ["auto-delete"] : []),
    ...(found.internal ? ["internal"] : []),
    found.type,
  ].join(" ");
  const needed = desired.mayLackArguments === true ? [] : Object.keys(desired.arguments);
  const differences = argumentDifferences(found.arguments, desired.arguments, needed);
  if (kind === desired.type && differences.length === 0) return undefined;
  const way = "delete it (its bindings go with it), or choose another name";
  return `exchange "${desired.name}" exists as ${said(kind, found.arguments)}, expected ${[desired.type, ...differences].join(" ")}: ${way}`;
}

/** @param needed keys that must be there. @returns what is expected instead, in words. */
function argumentDifferences(found: Table, expected: Table, needed: readonly string[]): string[] {
  const keys = [...new Set([...Object.keys(found), ...needed])].filter((key) => found[key] !== expected[key]);
  return keys.map((key, index) => {
    const value = expected[key] === undefined ? `without ${key}` : `with ${key}=${JSON.stringify(expected[key])}`;
    return index === 0 ? value : `and ${value}`;
  });
}

function said(kind: string, args: Table): string {
  const words = Object.entries(args).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return words.length === 0 ? kind : `${kind} with ${words.join(", ")}`;
}
