import { randomUUID } from "node:crypto";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { Logger } from "pino";
import { DeliveryLost } from "../errors.ts";
import { createAckLedger } from "./ack-ledger.ts";
import { reportConsumerTimeout, whyLost } from "./consumer-timeout.ts";
import { ChannelDelivery, type HeldDelivery } from "./delivery.ts";

/**
 * One consumer on a channel of its own. It ends in one of three ways: we cancel it, the broker cancels it (its queue is
 * deleted), or its channel dies. In the first two its deliveries can still be settled, so the channel stays until they are.
 */
export interface ConsumerSession {
  /** How many unsettled deliveries the broker may have handed it. */
  readonly prefetch: number;
  /** Whether it ends by itself as soon as `prefetch` deliveries have come. */
  readonly once: boolean;
  /** Whether more deliveries may come. */
  readonly consuming: boolean;
  /** Deliveries that have come. */
  readonly received: number;
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
  /** How long the broker took to start it, in ms: a quorum queue logs it as it logs an ack. */
  readonly roundTripMs: number;
}

export interface ConsumerSessionOptions {
  readonly model: ChannelModel;
  readonly queue: string;
  /** The lane that a delivery's job is in; undefined for none. */
  laneOf(message: ConsumeMessage): string | undefined;
  readonly prefetch: number;
  readonly once: boolean;
  readonly log: Logger;
  /** A delivery arrived. Must not throw. */
  onDelivery(delivery: HeldDelivery): void;
  /** A delivery is over. */
  onReleased(delivery: HeldDelivery, ran: boolean): void;
  /** A delivery gives its slot back for a while. @returns false to refuse. */
  onPostponed(delivery: HeldDelivery, waitMs: number): boolean;
  /** Its channel is gone, and with it the deliveries that were open. */
  onLost(): void;
  /** The broker cancelled the consumer; `onChange` follows. */
  onCancelled(): void;
  /** Something changed: it stopped consuming, or a delivery of a session that consumes no more is over. */
  onChange(): void;
}

/**
 * Starts consuming.
 *
 * @throws amqplib's error when the queue does not exist (code 404) or may not be read (403).
 */
export async function openConsumerSession(options: ConsumerSessionOptions): Promise<ConsumerSession> {
  const { model, queue, prefetch, once, log } = options;
  const deliveries = new Set<ChannelDelivery>();
  const ledger = createAckLedger();
  const consumerTag = randomUUID();
  let received = 0;
  let consuming = true;
  let closing = false;
  let closed = false;
  let cancelling: Promise<void> | undefined;
  let flushing: NodeJS.Immediate | undefined;
  const ended = Promise.withResolvers<void>();

  const channel: Channel = await model.createChannel();
  let because: DeliveryLost | undefined;
  channel.on("error", (error) => {
    because = whyLost(error);
    log.warn({ err: error }, "the broker closed the channel for consuming");
    if (because.consumerTimedOut) reportConsumerTimeout(deliveries, because, log);
  });
  channel.once("close", () => {
    closed = true;
    consuming = false;
    clearImmediate(flushing);
    for (const delivery of deliveries) delivery.lose(because ?? new DeliveryLost());
    ended.resolve();
    options.onLost();
    options.onChange();
  });

  const owner = {
    laneOf: options.laneOf,
    ack(tag: number) {
      if (closed || closing) throw new Error("the channel is closed");
      ledger.ack(tag);
      // After all that this turn of the event loop brings: jobs that end together are told together.
      flushing ??= setImmediate(flush);
    },
    handBack(tag: number) {
      channel.nack(withTag(tag), false, true);
      ledger.told(tag);
    },
    postpone: options.onPostponed,
    released(delivery: ChannelDelivery, ran: boolean) {
      deliveries.delete(delivery);
      options.onReleased(delivery, ran);
      if (consuming) return;
      closeWhenDone();
      options.onChange();
    },
  };

  function flush(): void {
    flushing = undefined;
    if (closed) return;
    try {
      for (const { tag, multiple } of ledger.take()) channel.ack(withTag(tag), multiple);
    } catch (error) {
      // The channel closed just now: the broker delivers those jobs again, as if the frame had been lost on its way.
      log.debug({ err: error }, "acks were not sent");
    }
  }

  function onMessage(message: ConsumeMessage | null): void {
    if (message === null) {
      log.warn({ brokerQueue: queue }, "the broker cancelled the consumer: the queue was deleted or moved");
      options.onCancelled();
      endConsuming();
      return;
    }
    received += 1;
    const delivery = new ChannelDelivery(owner, message, performance.now());
    deliveries.add(delivery);
    ledger.delivered(message.fields.deliveryTag);
    if (once && received === prefetch) void cancel();
    options.onDelivery(delivery);
  }

  function cancel(): Promise<void> {
    if (!consuming) return Promise.resolve();
    cancelling ??= cancelOnce();
    return cancelling;
  }

  async function cancelOnce(): Promise<void> {
    try {
      await channel.cancel(consumerTag);
    } catch (error) {
      // The channel is closed or closing, which ends the consumer as well.
      log.debug({ err: error }, "cancelling the consumer");
    }
    if (consuming) endConsuming();
  }

  function endConsuming(): void {
    consuming = false;
    closeWhenDone();
    options.onChange();
  }

  function closeWhenDone(): void {
    if (consuming || closing || closed || deliveries.size > 0) return;
    clearImmediate(flushing);
    flush();
    closing = true;
    channel.close().catch((error: unknown) => log.debug({ err: error }, "closing a channel"));
  }

  let roundTripMs: number;
  try {
    await channel.prefetch(prefetch);
    const askedAtMs = performance.now();
    // Deliveries may come before this returns.
    await channel.consume(queue, onMessage, { consumerTag });
    roundTripMs = performance.now() - askedAtMs;
  } catch (error) {
    consuming = false;
    closeWhenDone();
    throw error;
  }

  return {
    prefetch,
    once,
    roundTripMs,
    get consuming() {
      return consuming;
    },
    get received() {
      return received;
    },
    get taken() {
      return deliveries.size;
    },
    ended: ended.promise,
    get over() {
      return closed && deliveries.size === 0;
    },
    cancel,
  };
}

// Of a message amqplib only wants the tag.
function withTag(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}
