import type { BrokerFeatures } from "./features.ts";
import type { Observed } from "./observe.ts";
import { escapePattern, nothing } from "./pattern.ts";
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

/** The pattern of a shared policy as it is where no stranger's queue has to be excepted. */
export function withoutExceptions(pattern: string): string {
  return pattern.replace(/^\^\(\?!\(.*?\)\$\)/, "^");
}

/** Whether shared policies can be had: not among so many strangers that a pattern cannot except them all. */
export function canShare(observed: Observed, territory: string): boolean {
  return strangersIn(observed, territory).length <= mostStrangers;
}

/**
 * The policies of all queues of a territory whose settings are the defaults. RabbitMQ matches every queue with every policy each
 * time a policy is put, so a policy for each of a thousand queues would take it hours; these are two, however many queues there are.
 * They match nothing where too many strangers would have to be excepted.
 */
export function sharedPolicies(territory: string, features: BrokerFeatures, observed: Observed): Policy[] {
  const names = sharedPolicyNames(territory);
  const strangers = strangersIn(observed, territory);
  const except = strangers.length === 0 ? "" : `(?!(${strangers.map(escapePattern).join("|")})$)`;
  const label = `^${except}${escapePattern(`${territory}.`)}[^.]+`;
  const shared = canShare(observed, territory);
  return [
    {
      name: names.work,
      pattern: shared ? `${label}(\\.(?!dead$)[^.]+)?$` : nothing,
      priority: sharedPolicyPriority,
      definition: workSettings(defaultSettings, features),
    },
    {
      name: names.deadLetter,
      pattern: shared ? `${label}\\.dead$` : nothing,
      priority: sharedPolicyPriority,
      definition: deadLetterSettings(defaultSettings, features),
    },
  ];
}
