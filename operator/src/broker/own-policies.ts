import { isDeepStrictEqual } from "node:util";
import { asPolicy, hasArguments } from "./fixed-arguments.ts";
import type { Observed } from "./observe.ts";
import { exactly } from "./pattern.ts";
import { canShare } from "./shared-policies.ts";
import { territoryOf } from "./territory.ts";
import { type JobQueuesQueue, type Policy, policyName, policyPriority } from "./topology.ts";

/**
 * The policies of those of a JobQueue's queues whose settings are not the shared ones, or which shared policies do not cover: its
 * name is no two words, or the queue was adopted and lacks arguments that its policy must stand in for.
 *
 * @param name the JobQueue's.
 */
export function ownPolicies(name: string, queues: readonly JobQueuesQueue[], observed: Observed): Policy[] {
  const territory = territoryOf(name);
  const shares = territory !== undefined && canShare(observed, territory);
  return queues
    .filter(({ name: queue, settings, defaults, arguments: args }) => {
      const found = observed.queues.get(queue);
      const lacks = found !== undefined && !hasArguments(found.arguments, args);
      return !shares || lacks || !isDeepStrictEqual(settings, defaults);
    })
    .map(({ name: queue, policy, settings, arguments: args }) => ({
      name: policy,
      pattern: exactly(queue),
      priority: policyPriority,
      definition: { ...asPolicy(args), ...settings },
    }));
}

/** Names of all policies on the broker that are one JobQueue's own, whether it wants them or not. */
export function ownPoliciesOnBroker({ policies }: Pick<Observed, "policies">, name: string): string[] {
  const work = policyName(name);
  const ours = [work, policyName(`${name}.dead`)].filter((policy) => policies.has(policy));
  // No JobQueue's name has a slash.
  const ofLanes = [...policies.keys()].filter((policy) => policy.startsWith(`${work}/`));
  return [...ours, ...ofLanes];
}
