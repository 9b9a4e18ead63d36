import type { Logger } from "pino";
import { DeliveryLost } from "../errors.ts";

// What RabbitMQ says, 3.10 as well as 4.0. It closes the whole channel, and so takes back the others' jobs too.
const timedOut = /delivery acknowledgement on channel \d+ timed out\. Timeout value used: (\d+) ms/;

/** How to have longer jobs. */
const remedy =
  "set spec.maxJobDuration of the JobQueue above the longest job (RabbitMQ 3.12 or later), or consumer_timeout of the broker";

/** What the broker's reason for closing a channel means for the deliveries on it. */
export function whyLost(closed: unknown): DeliveryLost {
  const words = closed instanceof Error ? closed.message : String(closed);
  const [, timeoutMs] = timedOut.exec(words) ?? [];
  if (timeoutMs === undefined) return new DeliveryLost(`the broker closed the channel (${words})`);
  return new DeliveryLost(
    `this job, or another of the same channel, was held for longer than the broker's consumer timeout of ${Number(timeoutMs) / 1000} s: ${remedy}`,
    true,
  );
}

/**
 * Names the jobs that were held longest when a consumer timeout has struck. They would go round and round, being too
 * long at every delivery, until the delivery limit buries them.
 *
 * @param held the deliveries of the channel.
 */
export function reportConsumerTimeout(
  held: Iterable<{
    readonly message: { readonly properties: { messageId?: unknown; type?: unknown } };
    readonly arrivedAtMs: number;
  }>,
  because: DeliveryLost,
  log: Logger,
): void {
  const nowMs = performance.now();
  const oldest = [...held]
    .sort((one, other) => one.arrivedAtMs - other.arrivedAtMs)
    .slice(0, 5)
    .map(({ message, arrivedAtMs }) => ({
      job: message.properties.type,
      id: message.properties.messageId,
      heldSeconds: Math.round((nowMs - arrivedAtMs) / 1000),
    }));
  log.error(
    { err: because, oldest },
    "the broker's consumer timeout has struck: it takes back all jobs of the channel",
  );
}
