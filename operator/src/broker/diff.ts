import { isDeepStrictEqual } from "node:util";
import { KindMismatch } from "./errors.ts";
import { bindingId, type Observed, type ObservedPolicy } from "./observe.ts";
import type { Binding, Exchange, Policy, Queue, Topology } from "./topology.ts";

/** One thing to put right, and what was found, in words. */
export type Difference = { readonly found: string } & (
  | { readonly kind: "policy"; readonly desired: Policy }
  | { readonly kind: "exchange"; readonly desired: Exchange }
  | { readonly kind: "queue"; readonly desired: Queue }
  | { readonly kind: "binding"; readonly desired: Binding }
  /** To be taken away. */
  | { readonly kind: "unbinding"; readonly desired: Binding }
);

/**
 * What must be done to make `desired` exist, in the order in which it must be done: a policy before the queue that it
 * is for, so that the queue is never without it; an unwanted binding goes before others come, so that no message is
 * doubled.
 *
 * @throws KindMismatch if a name is taken by something that cannot become what is wanted.
 */
export function diff(desired: Topology, observed: Observed): Difference[] {
  return [
    ...desired.policies.flatMap((policy) => policyDifference(policy, observed)),
    ...desired.exchanges.flatMap((exchange) => exchangeDifference(exchange, observed)),
    ...desired.queues.flatMap((queue) => queueDifference(queue, observed)),
    ...(desired.unwanted ?? []).flatMap((binding) => unwantedBinding(binding, observed)),
    ...desired.bindings.flatMap((binding) => bindingDifference(binding, observed)),
  ];
}

function policyDifference(desired: Policy, { policies }: Observed): Difference[] {
  const found = policies.get(desired.name);
  if (found === undefined) return [{ kind: "policy", desired, found: `policy "${desired.name}" was missing` }];
  const changes = policyChanges(desired, found);
  if (changes.length === 0) return [];
  return [{ kind: "policy", desired, found: `policy "${desired.name}" had ${changes.join(", ")}` }];
}

function policyChanges(desired: Policy, found: ObservedPolicy): string[] {
  const changes: string[] = [];
  const compare = (what: string, is: unknown, expected: unknown) => {
    if (!isDeepStrictEqual(is, expected)) changes.push(`${what} ${said(is)} instead of ${said(expected)}`);
  };
  compare("pattern", found.pattern, desired.pattern);
  compare("apply-to", found["apply-to"], desired.appliesTo ?? "queues");
  compare("priority", found.priority, desired.priority);
  const keys = new Set([...Object.keys(found.definition), ...Object.keys(desired.definition)]);
  for (const key of keys) compare(key, found.definition[key], desired.definition[key]);
  return changes;
}

function exchangeDifference(desired: Exchange, { exchanges }: Observed): Difference[] {
  const found = exchanges.get(desired.name);
  if (found === undefined) return [{ kind: "exchange", desired, found: `exchange "${desired.name}" was missing` }];
  const type = [
    ...(found.durable ? [] : ["transient"]),
    ...(found.auto_delete ? ["auto-delete"] : []),
    ...(found.internal ? ["internal"] : []),
    found.type,
  ].join(" ");
  if (type === desired.type && isDeepStrictEqual(found.arguments, desired.arguments)) return [];
  throw new KindMismatch(
    "ExchangeKindMismatch",
    `exchange "${desired.name}" exists as ${kind(type, found.arguments)}, expected ` +
      `${kind(desired.type, desired.arguments)}: delete it (its bindings go with it), or choose another name`,
  );
}

function queueDifference(desired: Queue, { queues }: Observed): Difference[] {
  const found = queues.get(desired.name);
  if (found === undefined) return [{ kind: "queue", desired, found: `queue "${desired.name}" was missing` }];
  // A classic queue that was declared without saying its type has no such argument.
  const { "x-queue-type": type = found.type ?? "classic", ...rest } = found.arguments;
  const { "x-queue-type": expectedType, ...expectedRest } = desired.arguments;
  // How many members a queue has is its owner's choice and changes nothing here.
  const relevant = Object.fromEntries(Object.entries(rest).filter(([key]) => !/^x-quorum-.*-group-size$/.test(key)));
  if (type === expectedType && isDeepStrictEqual(relevant, expectedRest)) return [];
  throw new KindMismatch(
    "QueueKindMismatch",
    `queue "${desired.name}" exists as ${kind(String(type), relevant)}, expected ` +
      `${kind(String(expectedType), expectedRest)}: empty it and delete it, or choose another name`,
  );
}

function unwantedBinding(binding: Binding, { bindings }: Observed): Difference[] {
  const { source, destination, destinationType, routingKey } = binding;
  if (!bindings.has(bindingId(source, destinationType, destination, routingKey))) return [];
  const found = `binding of ${destinationType} "${destination}" to exchange "${source}" on "${routingKey}" was there`;
  return [{ kind: "unbinding", desired: binding, found }];
}

function bindingDifference(desired: Binding, { bindings }: Observed): Difference[] {
  const { source, destination, destinationType, routingKey } = desired;
  if (bindings.has(bindingId(source, destinationType, destination, routingKey))) return [];
  const key = routingKey === "" ? "" : ` on "${routingKey}"`;
  return [
    {
      kind: "binding",
      desired,
      found: `binding of ${destinationType} "${destination}" to exchange "${source}"${key} was missing`,
    },
  ];
}

function kind(type: string, args: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(args).map(([key, value]) => `${key}=${said(value)}`);
  return words.length === 0 ? type : `${type} with ${words.join(", ")}`;
}

function said(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
