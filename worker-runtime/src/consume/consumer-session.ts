import { randomUUID } from "node:crypto";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { Logger } from "pino";
import { createDelivery, type Delivery, type OwnedDelivery } from "./delivery.ts";

/**
 * One consumer on a channel of its own. It ends in one of three ways: we cancel it, the broker cancels it (its queue is
 * deleted), or its channel dies. In the first two its deliveries can still be settled, so the channel stays until they are.
 */
export interface ConsumerSession {
  /** How many unsettled deliveries the broker may have handed it. */
  readonly prefetch: number;
  /** Whether more deliveries may come. */
  readonly consuming: boolean;
  /** Deliveries whose slot is still taken, lost ones included. */
  readonly taken: number;
  /** Takes no more deliveries. Resolves when the broker says that none is on its way. */
  cancel(): Promise<void>;
  /**
   * Resolves when its channel is closed: then the broker has heard what was said about its deliveries. To close the
   * connection sooner could overtake them, since amqplib sends the channels' frames in turns.
   */
  readonly ended: Promise<void>;
  /** Its channel is closed and no slot is taken any more: it can be forgotten. */
  readonly over: boolean;
}

export interface ConsumerSessionOptions {
  readonly model: ChannelModel;
  readonly queue: string;
  readonly prefetch: number;
  readonly log: Logger;
  /** A delivery arrived. Must not throw. */
  onDelivery(delivery: Delivery): void;
  /** The broker cancelled the consumer; `onChange` follows. */
  onCancelled(): void;
  /** Something changed: it stopped consuming, or a slot became free. */
  onChange(): void;
}

/**
 * Starts consuming.
 *
 * @throws amqplib's error when the queue does not exist (code 404) or may not be read (403).
 */
export async function openConsumerSession(options: ConsumerSessionOptions): Promise<ConsumerSession> {
  const { model, queue, prefetch, log } = options;
  const deliveries = new Set<OwnedDelivery>();
  const consumerTag = randomUUID();
  let consuming = true;
  let closing = false;
  let closed = false;
  const ended = Promise.withResolvers<void>();

  const channel: Channel = await model.createChannel();
  channel.on("error", (error) => log.warn({ err: error }, "the broker closed the channel for consuming"));
  channel.once("close", () => {
    closed = true;
    consuming = false;
    for (const delivery of deliveries) delivery.lose();
    ended.resolve();
    options.onChange();
  });

  function onMessage(message: ConsumeMessage | null): void {
    if (message === null) {
      log.warn({ queue }, "the broker cancelled the consumer: the queue was deleted or moved");
      options.onCancelled();
      endConsuming();
      return;
    }
    const delivery = createDelivery(channel, message, () => {
      deliveries.delete(delivery);
      closeWhenDone();
      options.onChange();
    });
    deliveries.add(delivery);
    options.onDelivery(delivery);
  }

  function endConsuming(): void {
    consuming = false;
    closeWhenDone();
    options.onChange();
  }

  function closeWhenDone(): void {
    if (consuming || closing || closed || deliveries.size > 0) return;
    closing = true;
    channel.close().catch((error: unknown) => log.debug({ err: error }, "closing a channel"));
  }

  try {
    await channel.prefetch(prefetch);
    // Deliveries may come before this returns.
    await channel.consume(queue, onMessage, { consumerTag });
  } catch (error) {
    consuming = false;
    closeWhenDone();
    throw error;
  }

  return {
    prefetch,
    get consuming() {
      return consuming;
    },
    get taken() {
      return deliveries.size;
    },
    ended: ended.promise,
    get over() {
      return closed && deliveries.size === 0;
    },
    async cancel() {
      if (!consuming) return;
      try {
        await channel.cancel(consumerTag);
      } catch (error) {
        // The channel is closed or closing, which ends the consumer as well.
        log.debug({ err: error }, "cancelling the consumer");
      }
      if (consuming) endConsuming();
    },
  };
}
