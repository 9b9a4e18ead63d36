import type { Logger } from "pino";
import { createBackoff } from "../broker/backoff.ts";
import { type Clock, sleep } from "../clock.ts";
import { repliesExchange } from "../contract/index.ts";
import { asError, ConnectionLost, DeliveryLost, Unroutable } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";
import type { Delivery } from "./delivery.ts";

/** What settling needs of a publisher: resolves when the broker has the message for good. */
export interface OutcomePublisher {
  /**
   * @param signal gives up waiting for a connection.
   * @throws ConnectionLost when it is unknown whether the broker has it; any other error when it does not.
   */
  publish(message: OutgoingMessage, signal?: AbortSignal): Promise<void>;
}

/** How often the broker may refuse a message before the job goes back to its queue. */
const maxRefusals = 3;

/**
 * Messages of one job that are sent and not yet confirmed, at most. A handler may have enqueued very many, and to write
 * them all at once would hold up the other jobs and the connections' heartbeats for seconds.
 */
const mostUnderWay = 1_000;

/** A run, as far as its log is concerned. */
interface LoggedRun {
  readonly ownLog: Logger;
}

/**
 * Makes messages safe before their job is acked. While the connection is down it waits. When the broker refuses or
 * returns some (the delay fabric or an exchange is gone) it tries those again after a pause.
 *
 * @returns undefined when the broker has them all; otherwise why not: refused again and again, or the delivery is lost.
 */
export async function store(
  delivery: Delivery,
  messages: readonly OutgoingMessage[],
  publisher: OutcomePublisher,
  clock: Clock,
  run: LoggedRun,
): Promise<Error | undefined> {
  const pause = createBackoff(1_000, 8_000);
  let unsafe = messages;
  for (let refusals = 0; delivery.open; ) {
    const { refused, errors } = await publishAll(unsafe, publisher, delivery.lost);
    if (refused.length === 0) return undefined;
    if (!delivery.open) break;
    unsafe = refused;
    const error = errors.find((one) => !(one instanceof ConnectionLost));
    if (error !== undefined) {
      refusals += 1;
      run.ownLog.error({ err: error, refusals }, "the outcome cannot be stored on the broker; the job is kept");
    }
    await sleep(clock, pause.next(), delivery.lost);
    if (error !== undefined && refusals === maxRefusals) return asError(error);
  }
  return new DeliveryLost();
}

/**
 * Makes an outcome safe, then acks the delivery: never the other way round. A crash in between leaves duplicates, never a
 * loss. If it cannot be stored, the job goes back to its queue; the pauses before keep it from going round and round.
 *
 * @returns whether the outcome is safe; if not, the delivery was handed back or lost.
 */
export async function settleWith(
  delivery: Delivery,
  messages: readonly OutgoingMessage[],
  publisher: OutcomePublisher,
  clock: Clock,
  run: LoggedRun,
): Promise<boolean> {
  if ((await store(delivery, messages, publisher, clock, run)) === undefined) return delivery.ack();
  if (delivery.handBack()) run.ownLog.error("the job is handed back to its queue: it will be run again");
  return false;
}

/** @returns what the broker does not have, and why. */
async function publishAll(messages: readonly OutgoingMessage[], publisher: OutcomePublisher, lost: AbortSignal) {
  const refused: OutgoingMessage[] = [];
  const errors: unknown[] = [];
  async function publish(message: OutgoingMessage): Promise<void> {
    try {
      await publisher.publish(message, lost);
    } catch (error) {
      // Nobody listens to replies on this broker: not even their exchange is there.
      if (error instanceof Unroutable && message.exchange === repliesExchange) return;
      refused.push(message);
      errors.push(error);
    }
  }
  for (let next = 0; next < messages.length; next += mostUnderWay) {
    await Promise.all(messages.slice(next, next + mostUnderWay).map(publish));
  }
  return { refused, errors };
}
