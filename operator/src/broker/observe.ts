import { z } from "zod";
import type { BrokerAddress } from "./address.ts";
import { ManagementError } from "./errors.ts";
import { type Management, segment } from "./management.ts";
import { type MarkedBinding, markedBindings } from "./marked-bindings.ts";
import { vhostMissing } from "./refusal.ts";

const table = z.record(z.string(), z.unknown());

const queue = z.object({
  name: z.string(),
  arguments: table,
  durable: z.boolean().optional(),
  auto_delete: z.boolean().optional(),
  exclusive: z.boolean().optional(),
  // Absent where the listing leaves it out; null or empty if no policy applies.
  policy: z.string().nullish(),
  type: z.string().optional(),
});

const exchange = z.object({
  name: z.string(),
  type: z.string(),
  durable: z.boolean(),
  auto_delete: z.boolean(),
  internal: z.boolean(),
  arguments: table,
  policy: z.string().nullish(),
});

const binding = z.object({
  source: z.string(),
  destination: z.string(),
  destination_type: z.string(),
  routing_key: z.string(),
  arguments: table,
});

const policy = z.object({
  name: z.string(),
  pattern: z.string(),
  "apply-to": z.string(),
  priority: z.number(),
  definition: table,
});

export type ObservedQueue = z.infer<typeof queue>;
export type ObservedExchange = z.infer<typeof exchange>;
export type ObservedPolicy = z.infer<typeof policy>;

/** What exists in a vhost, as far as topology is concerned. */
export interface Observed {
  readonly queues: ReadonlyMap<string, ObservedQueue>;
  readonly exchanges: ReadonlyMap<string, ObservedExchange>;
  /** As {@link bindingId} makes them. */
  readonly bindings: ReadonlySet<string>;
  /** Our bindings to exchanges that are not ours, by queue. */
  readonly marked: ReadonlyMap<string, readonly MarkedBinding[]>;
  readonly policies: ReadonlyMap<string, ObservedPolicy>;
}

/** An empty vhost. */
export const nothingObserved: Observed = {
  queues: new Map(),
  exchanges: new Map(),
  bindings: new Set(),
  marked: new Map(),
  policies: new Map(),
};

/** Tells bindings apart: where from, where to, on which key. */
export function bindingId(source: string, destinationType: string, destination: string, routingKey: string): string {
  return JSON.stringify([source, destinationType, destination, routingKey]);
}

/** What {@link bindingId} was made from. */
export function readBindingId(id: string) {
  const [source, destinationType, destination, routingKey] = JSON.parse(id) as [string, string, string, string];
  return { source, destinationType, destination, routingKey };
}

/**
 * Lists a vhost once, by four requests, without statistics: they cost the broker most and are seconds old. One after the
 * other, and only what is looked at: the answers of a big vhost are megabytes, and most of the operator's memory.
 *
 * @throws VhostMissing if it was deleted.
 */
export async function observeVhost(management: Management, address: BrokerAddress): Promise<Observed> {
  const at = segment(address.vhost);
  async function list<Item extends z.ZodObject>(kind: string, item: Item): Promise<z.infer<Item>[]> {
    const columns = Object.keys(item.shape).join(",");
    return z.array(item).parse(await management.get(`${kind}/${at}?disable_stats=true&columns=${columns}`));
  }
  try {
    const queues = await list("queues", queue);
    const exchanges = await list("exchanges", exchange);
    const bindings = await list("bindings", binding);
    const policies = await list("policies", policy);
    return {
      queues: new Map(queues.map((one) => [one.name, one])),
      exchanges: new Map(exchanges.map((one) => [one.name, one])),
      bindings: new Set(
        bindings.map((one) => bindingId(one.source, one.destination_type, one.destination, one.routing_key)),
      ),
      marked: markedBindings(bindings),
      policies: new Map(policies.map((one) => [one.name, one])),
    };
  } catch (error) {
    throw error instanceof ManagementError && error.status === 404 ? vhostMissing(address) : error;
  }
}
