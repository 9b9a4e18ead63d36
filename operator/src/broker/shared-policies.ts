import type { BrokerFeatures } from "./features.ts";
import type { Observed } from "./observe.ts";
import { escapePattern } from "./pattern.ts";
import { deadLetterSettings, defaultSettings, workSettings } from "./settings.ts";
import { strangersIn } from "./territory.ts";
import type { Policy } from "./topology.ts";

/** Under the policies of single queues, above the catch-all policies that brokers tend to have. */
export const sharedPolicyPriority = 90;

/** A pattern's compiled form has 64 KiB in RabbitMQ: so many names fit in for certain. */
const mostStrangers = 200;

/** The names of a territory's policies. A queue's own policy has no slash before its name's end, nor begins so. */
export function sharedPolicyNames(territory: string): { readonly work: string; readonly deadLetter: string } {
  return { work: `jobwright-defaults:${territory}`, deadLetter: `jobwright-defaults:${territory}/dead` };
}

/** Whether shared policies can be had: not among so many strangers that a pattern cannot except them all. */
export function canShare(observed: Observed, territory: string): boolean {
  return strangersIn(observed, territory).length <= mostStrangers;
}

/**
 * The policies of all queues of a territory whose settings are the defaults. RabbitMQ matches every queue with every policy each
 * time a policy is put, so a policy for each of a thousand queues would take it hours; these are two, however many queues there are.
 */
export function sharedPolicies(territory: string, features: BrokerFeatures, observed: Observed): Policy[] {
  if (!canShare(observed, territory)) return [];
  const names = sharedPolicyNames(territory);
  const strangers = strangersIn(observed, territory);
  const except = strangers.length === 0 ? "" : `(?!(${strangers.map(escapePattern).join("|")})$)`;
  const label = `^${except}${escapePattern(`${territory}.`)}[^.]+`;
  return [
    {
      name: names.work,
      pattern: `${label}(\\.(?!dead$)[^.]+)?$`,
      priority: sharedPolicyPriority,
      definition: workSettings(defaultSettings, features),
    },
    {
      name: names.deadLetter,
      pattern: `${label}\\.dead$`,
      priority: sharedPolicyPriority,
      definition: deadLetterSettings(defaultSettings, features),
    },
  ];
}
