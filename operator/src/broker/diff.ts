import { isDeepStrictEqual } from "node:util";
import { refuseMismatches } from "./mismatch.ts";
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
  /** A policy to be taken away. */
  | { readonly kind: "unpolicy"; readonly desired: { readonly name: string } }
);

/**
 * What must be done to make `desired` exist, in the order in which it must be done: a policy before the queue that it
 * is for, so that the queue is never without it; an unwanted binding goes before others come, so that no message is
 * doubled; policies that are no longer wanted go last, when others have taken their place.
 *
 * @throws KindMismatch if names are taken by what cannot become what is wanted, with all of them.
 */
export function diff(desired: Topology, observed: Observed): Difference[] {
  refuseMismatches(desired, observed);
  return [
    ...desired.policies.flatMap((policy) => policyDifference(policy, observed)),
    ...desired.exchanges.flatMap((exchange) => exchangeDifference(exchange, observed)),
    ...desired.queues.flatMap((queue) => queueDifference(queue, observed)),
    ...(desired.unwanted ?? []).flatMap((binding) => unwantedBinding(binding, observed)),
    ...desired.bindings.flatMap((binding) => bindingDifference(binding, observed)),
    ...(desired.unwantedPolicies ?? []).flatMap((policy) => unwantedPolicy(policy, observed)),
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
  compare("apply-to", found["apply-to"], "queues");
  compare("priority", found.priority, desired.priority);
  const keys = new Set([...Object.keys(found.definition), ...Object.keys(desired.definition)]);
  for (const key of keys) compare(key, found.definition[key], desired.definition[key]);
  return changes;
}

function exchangeDifference(desired: Exchange, { exchanges }: Observed): Difference[] {
  if (exchanges.has(desired.name)) return [];
  return [{ kind: "exchange", desired, found: `exchange "${desired.name}" was missing` }];
}

function queueDifference(desired: Queue, { queues }: Observed): Difference[] {
  if (queues.has(desired.name)) return [];
  return [{ kind: "queue", desired, found: `queue "${desired.name}" was missing` }];
}

function unwantedPolicy(name: string, { policies }: Observed): Difference[] {
  const found = policies.get(name);
  if (found === undefined) return [];
  const said = `policy "${name}" was there (${JSON.stringify(found.definition)}), and is not needed for these settings`;
  return [{ kind: "unpolicy", desired: { name }, found: said }];
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

function said(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
