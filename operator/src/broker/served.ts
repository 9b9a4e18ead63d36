import { z } from "zod";
import type { Broker } from "./broker.ts";
import { segment } from "./management.ts";

const statistics = z.object({
  messages_unacknowledged: z.number().default(0),
  message_stats: z.object({ ack: z.number().default(0) }).optional(),
});

/**
 * What consumers of these queues have in hand, and what they have acknowledged since the broker began to count, as of up to five
 * seconds ago. `acked` is undefined where the broker counts none yet, or keeps no statistics.
 *
 * @throws what the management API's errors are.
 */
export async function readServed(
  { management, address }: Pick<Broker, "management" | "address">,
  queues: readonly string[],
): Promise<{ readonly unacked: number; readonly acked: number | undefined }> {
  const found = await Promise.all(
    queues.map((queue) => management.find(`queues/${segment(address.vhost)}/${segment(queue)}`)),
  );
  const each = found.filter((one) => one !== undefined).map((one) => statistics.parse(one));
  const counted = each.flatMap(({ message_stats }) => message_stats ?? []);
  return {
    unacked: each.reduce((sum, one) => sum + one.messages_unacknowledged, 0),
    acked: counted.length === 0 ? undefined : counted.reduce((sum, { ack }) => sum + ack, 0),
  };
}
