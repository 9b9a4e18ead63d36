import type { Observed } from "./observe.ts";
import { sharedPolicyNames } from "./shared-policies.ts";
import { territoryOf } from "./territory.ts";
import type { JobQueuesQueue, Policy } from "./topology.ts";

/**
 * Finds a stranger's policy that the broker applies to a queue instead of ours. Only where ours was there already: the broker
 * needs a moment to apply a new one.
 *
 * @param name of the JobQueue.
 * @param queues those of the JobQueue, and `policies` which of them have one of their own.
 * @returns the name of the stranger's policy.
 */
export function overriding(
  name: string,
  queues: readonly JobQueuesQueue[],
  policies: readonly Policy[],
  observed: Observed,
): string | undefined {
  const territory = territoryOf(name);
  const shared = territory === undefined ? [] : Object.values(sharedPolicyNames(territory));
  const own = new Set(policies.map((policy) => policy.name));
  for (const { name: queue, policy } of queues) {
    const applied = observed.queues.get(queue)?.policy;
    // One of ours that is to go is no stranger's.
    if (!applied || applied === policy || shared.includes(applied)) continue;
    const expected = own.has(policy) ? [policy] : shared;
    if (expected.some((one) => observed.policies.has(one))) return applied;
  }
  return undefined;
}
