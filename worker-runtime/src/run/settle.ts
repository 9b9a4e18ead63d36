import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { createBackoff } from "../broker/backoff.ts";
import type { Publisher } from "../broker/publisher.ts";
import type { Delivery } from "../consume/delivery.ts";
import { ConnectionLost } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";

/** How often the broker may refuse a copy before the job goes back to its queue. */
const maxRefusals = 3;

/**
 * Makes a copy of the job safe, then acks the delivery: never the other way round. A crash in between leaves a
 * duplicate, never a loss.
 *
 * While the connection is down it waits. When the broker refuses or returns the copy (the delay fabric or the
 * dead-letter exchange is gone) it tries again after a pause, and then hands the job back: the pauses keep a job whose
 * outcome cannot be stored from going round and round.
 *
 * @returns whether the outcome is safe; if not, the delivery was handed back or lost.
 */
export async function settleWithCopy(
  delivery: Delivery,
  copy: OutgoingMessage,
  publisher: Pick<Publisher, "publish">,
  log: Logger,
): Promise<boolean> {
  const pause = createBackoff(1_000, 8_000);
  for (let refusals = 0; refusals < maxRefusals && delivery.open; ) {
    try {
      await publisher.publish(copy, delivery.lost);
      return delivery.ack();
    } catch (error) {
      if (!delivery.open) return false;
      if (!(error instanceof ConnectionLost)) {
        refusals += 1;
        log.error({ err: error, refusals }, "the outcome cannot be stored on the broker; the job is kept");
      }
      await sleep(pause.next(), undefined, { signal: delivery.lost }).catch(() => {});
    }
  }
  if (delivery.handBack()) log.error("the job is handed back to its queue: it will be run again");
  return false;
}
