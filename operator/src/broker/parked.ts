import { delayDeliveryExchange, delayParked } from "@jobwright/worker-runtime/contract";
import type { Broker } from "./broker.ts";
import { DeclarationRefused } from "./declarer.ts";
import { readDepth } from "./depth.ts";
import { PublishRefused } from "./errors.ts";
import { sameProperties } from "./publisher.ts";
import { useChannel } from "./use-channel.ts";

/** By when what was routed shows in a queue. */
const settleMs = 3_000;

/**
 * Sends every parked message once more to where delayed messages are delivered. Those whose target is there now
 * arrive; the others come back to the parking queue, at its end. A message is acknowledged only after its copy is
 * confirmed, so a failure in between can double one, and lose none.
 *
 * @returns how many arrived, and how many are parked still.
 */
export async function reinjectParked(broker: Broker): Promise<{ reinjected: number; parked: number }> {
  // What was routed just before a target was bound shows in the parking queue a little later: one more look is for that.
  broker.parked.lookAgainAtMs = broker.parked.mayReturn ? Date.now() + settleMs : undefined;
  broker.parked.mayReturn = false;
  try {
    return await reinject(broker);
  } catch (error) {
    // The next pass takes up what this one left.
    broker.parked.mayReturn = true;
    throw error;
  }
}

/** Whether parked messages may find their target now. */
export function isWorthReinjecting({ parked: { mayReturn, lookAgainAtMs } }: Pick<Broker, "parked">): boolean {
  return mayReturn || (lookAgainAtMs !== undefined && Date.now() >= lookAgainAtMs);
}

async function reinject(broker: Broker): Promise<{ reinjected: number; parked: number }> {
  const before = await broker.declarer.ready(delayParked).catch((error: unknown) => {
    if (error instanceof DeclarationRefused) return 0;
    throw error;
  });
  if (before === 0) return { reinjected: 0, parked: 0 };
  await useChannel(broker.connection, `taking delayed jobs from queue "${delayParked}"`, async (channel) => {
    for (let left = before; left > 0; left -= 1) {
      const message = await channel.get(delayParked);
      if (message === false) break;
      const { fields, properties, content } = message;
      const { routed } = await broker.publisher.publish(
        delayDeliveryExchange,
        fields.routingKey,
        content,
        sameProperties(properties),
      );
      if (!routed) {
        const why = "has no alternate: its unroutable messages would be lost";
        throw new PublishRefused(`exchange "${delayDeliveryExchange}" ${why}`);
      }
      channel.ack(message);
    }
  });
  const parked = (await readDepth(broker.connection, delayParked))?.ready ?? 0;
  return { reinjected: Math.max(0, before - parked), parked };
}
