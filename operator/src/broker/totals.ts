import { z } from "zod";
import type { BrokerAddress } from "./address.ts";
import type { Listing } from "./listing.ts";
import { type Management, segment } from "./management.ts";

const listed = z.array(
  z.object({
    name: z.string(),
    messages: z.number().default(0),
    messages_ready: z.number().default(0),
    messages_unacknowledged: z.number().default(0),
  }),
);

/** The broker's own counts of a queue, up to five seconds old when they are listed. */
export interface Totals {
  readonly ready: number;
  readonly unacked: number;
  /**
   * Expired or given up, and not yet taken in by where the queue dead-letters to: with at-least-once dead-lettering a quorum queue
   * keeps them until then. They are neither ready nor unacknowledged, but counted among all of its messages (3.10.8 and 4.0.5).
   */
  readonly deadLettering: number;
}

/** By queue. */
export type VhostTotals = ReadonlyMap<string, Totals>;

/** The counts of all queues of the vhost, by one request. */
export async function readTotals(management: Management, { vhost }: BrokerAddress): Promise<VhostTotals> {
  const columns = Object.keys(listed.element.shape).join(",");
  const query = `disable_stats=true&enable_queue_totals=true&columns=${columns}`;
  const found = await management.get(`queues/${segment(vhost)}?${query}`);
  return new Map(
    listed.parse(found).map(({ name, messages, messages_ready: ready, messages_unacknowledged: unacked }) => [
      name,
      // Counts of one moment, so that there is nothing to be below zero; of other kinds of queue nobody promises that.
      { ready, unacked, deadLettering: Math.max(0, messages - ready - unacked) },
    ]),
  );
}

/** Counts that are listed from now on, for decisions; shared with all who ask before the listing begins. */
export function newTotals({ totals }: { readonly totals: Listing<VhostTotals> }): Promise<VhostTotals> {
  totals.forget();
  return totals.get();
}
