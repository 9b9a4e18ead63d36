import type { Channel, ConsumeMessage } from "amqplib";
import { DeliveryLost } from "../errors.ts";

/**
 * One delivery of a message. Its tag belongs to its channel: once that is gone, the broker delivers the message again,
 * and whatever is still said about this delivery is dropped.
 */
export interface Delivery {
  readonly message: ConsumeMessage;
  /** Aborted with {@link DeliveryLost} when the channel is gone. */
  readonly lost: AbortSignal;
  /** Whether it has neither been settled nor lost. */
  readonly open: boolean;
  /** The job's outcome is safe. False if the delivery was settled before, or lost: nothing was said to the broker. */
  ack(): boolean;
  /** Back to its queue. The broker counts it towards the delivery limit. False as for ack. */
  handBack(): boolean;
  /** The slot is free: the handler has ended, and the delivery is settled or lost. */
  release(): void;
}

/** A delivery with the switch that its channel throws. */
export interface OwnedDelivery extends Delivery {
  lose(): void;
}

export function createDelivery(channel: Channel, message: ConsumeMessage, onRelease: () => void): OwnedDelivery {
  const lost = new AbortController();
  let settled = false;
  let released = false;

  function settle(tell: () => void): boolean {
    if (settled || lost.signal.aborted) return false;
    settled = true;
    try {
      tell();
      return true;
    } catch {
      // The channel closed just now; its close event, which loses the delivery, is on its way.
      return false;
    }
  }

  return {
    message,
    lost: lost.signal,
    get open() {
      return !settled && !lost.signal.aborted;
    },
    ack: () => settle(() => channel.ack(message)),
    handBack: () => settle(() => channel.nack(message, false, true)),
    release() {
      if (released) return;
      released = true;
      onRelease();
    },
    lose() {
      if (!settled) lost.abort(new DeliveryLost());
    },
  };
}
