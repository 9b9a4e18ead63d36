import { setTimeout as pause } from "node:timers/promises";
import type { KubeClient } from "./client.ts";
import { heldBy, type Lease, leaseResource } from "./lease.ts";

/** Longer than between two renewals (leader-election.ts). */
const renewedWithinMs = 3_500;

/**
 * Who leads, having been seen to renew the Lease: its times are another machine's, and are not looked at.
 *
 * @throws Error if nobody does.
 */
export async function keeperOf(client: KubeClient, namespace: string, name: string): Promise<string> {
  const before = await client.get<Lease>(leaseResource, name, namespace);
  await pause(renewedWithinMs);
  const after = await client.get<Lease>(leaseResource, name, namespace);
  const holder = after && heldBy(after);
  if (holder === undefined)
    throw new Error(`nobody holds Lease ${namespace}/${name}: no operator leads, see its pods' log`);
  if (before?.metadata.resourceVersion === after?.metadata.resourceVersion) {
    throw new Error(
      `${holder} holds Lease ${namespace}/${name} and does not renew it: see whether this pod still works`,
    );
  }
  return `${holder} leads`;
}
