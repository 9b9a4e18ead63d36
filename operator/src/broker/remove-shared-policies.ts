import { z } from "zod";
import type { Broker } from "./broker.ts";
import { segment } from "./management.ts";
import type { Observed } from "./observe.ts";
import { escapePattern } from "./pattern.ts";
import { sharedPolicyNames } from "./shared-policies.ts";
import { territoryOf } from "./territory.ts";

const page = z.object({ filtered_count: z.number() });

/**
 * Takes away the policies that a JobQueue shared with others, once its queues are gone and no other of the territory is there.
 * The broker is asked anew, by one small page: of several JobQueues that go at once, the last sees that it is.
 *
 * @param observed the vhost before its queues went.
 */
export async function removeSharedPolicies(broker: Broker, name: string, { policies }: Observed): Promise<void> {
  const territory = territoryOf(name);
  if (territory === undefined) return;
  const there = Object.values(sharedPolicyNames(territory)).filter((policy) => policies.has(policy));
  if (there.length === 0) return;
  const { management, address } = broker;
  const at = segment(address.vhost);
  const ofTerritory = segment(`^${escapePattern(`${territory}.`)}`);
  const path = `queues/${at}?disable_stats=true&page=1&page_size=1&use_regex=true&name=${ofTerritory}`;
  if (page.parse(await management.get(path)).filtered_count > 0) return;
  for (const policy of there) await management.remove(`policies/${at}/${segment(policy)}`);
  // Not just noted: that they are there was made sure of for whoever looks at this listing.
  broker.forgetObservation();
}
