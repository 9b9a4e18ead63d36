import { DeliveryLost } from "../errors.ts";
import type { Delivery } from "../run/delivery.ts";
import type { MemoryQueue, StoredMessage } from "./memory-queue.ts";

export interface MemoryDelivery extends Delivery {
  /** The message that was delivered. */
  readonly message: StoredMessage;
  /** As when the worker's process or connection is gone: the message is delivered again. */
  lose(): void;
}

/** What the broker does when a worker settles a delivery. */
export interface DeliveryEnds {
  acked(message: StoredMessage): void;
  /** It came back without an outcome, from `queue`. */
  returned(message: StoredMessage, queue: MemoryQueue): void;
  released(): void;
}

export function memoryDelivery(
  queue: MemoryQueue,
  lane: string | undefined,
  message: StoredMessage,
  ends: DeliveryEnds,
): MemoryDelivery {
  const lost = new AbortController();
  let settled = false;
  let released = false;

  function settle(tell: () => void): boolean {
    if (settled || lost.signal.aborted) return false;
    settled = true;
    tell();
    return true;
  }

  return {
    message,
    lane,
    lost: lost.signal,
    get open() {
      return !settled && !lost.signal.aborted;
    },
    ack: () => settle(() => ends.acked(message)),
    handBack: () => settle(() => ends.returned(message, queue)),
    release() {
      if (released) return;
      released = true;
      ends.released();
    },
    lose() {
      if (settled || lost.signal.aborted) return;
      ends.returned(message, queue);
      lost.abort(new DeliveryLost());
    },
  };
}
