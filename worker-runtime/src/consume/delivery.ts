import type { ConsumeMessage } from "amqplib";
import { DeliveryLost } from "../errors.ts";
import type { Delivery } from "../run/delivery.ts";

export type { Delivery } from "../run/delivery.ts";

/** What becomes of a delivery, told to its session. */
export interface DeliveryOwner {
  /** The lane that a delivery's job is in. */
  laneOf(message: ConsumeMessage): string | undefined;
  /** @throws when the channel is closed. */
  ack(tag: number): void;
  /** @throws when the channel is closed. */
  handBack(tag: number): void;
  released(delivery: ChannelDelivery, ran: boolean): void;
  postpone(delivery: ChannelDelivery, waitMs: number): boolean;
}

/** A delivery as it waits in this worker and then runs: its tag belongs to its channel. */
export interface HeldDelivery extends Delivery {
  readonly message: ConsumeMessage;
  /** When it arrived, on the monotonic clock. */
  readonly arrivedAtMs: number;
  /** When its job was started, on the same clock; undefined while it waits. Set by whoever starts it. */
  startedAtMs: number | undefined;
}

/**
 * A delivery with the switch that its channel throws. There is one for each job, and a class makes it without closures;
 * the abort controller, the dearest part, is only made for a handler that looks at it.
 */
export class ChannelDelivery implements HeldDelivery {
  readonly message: ConsumeMessage;
  readonly arrivedAtMs: number;
  startedAtMs: number | undefined;
  readonly #owner: DeliveryOwner;
  #settled = false;
  #lostBecause: DeliveryLost | undefined;
  #released = false;
  #lost: AbortController | undefined;

  constructor(owner: DeliveryOwner, message: ConsumeMessage, arrivedAtMs: number) {
    this.#owner = owner;
    this.message = message;
    this.arrivedAtMs = arrivedAtMs;
  }

  get lane(): string | undefined {
    return this.#owner.laneOf(this.message);
  }

  get open(): boolean {
    return !this.#settled && this.#lostBecause === undefined;
  }

  get lost(): AbortSignal {
    if (this.#lost === undefined) {
      this.#lost = new AbortController();
      if (this.#lostBecause !== undefined) this.#lost.abort(this.#lostBecause);
    }
    return this.#lost.signal;
  }

  ack(): boolean {
    return this.#settle("ack");
  }

  handBack(): boolean {
    return this.#settle("handBack");
  }

  #settle(how: "ack" | "handBack"): boolean {
    if (!this.open) return false;
    try {
      this.#owner[how](this.message.fields.deliveryTag);
      this.#settled = true;
    } catch {
      // The channel closed just now: its close event is on its way, and comes after this delivery was released.
      this.lose(new DeliveryLost());
    }
    return this.#settled;
  }

  release(ran = true): void {
    if (this.#released) return;
    this.#released = true;
    this.#owner.released(this, ran);
  }

  postpone(waitMs: number): boolean {
    return this.#owner.postpone(this, waitMs);
  }

  /** Its channel is gone. */
  lose(because: DeliveryLost): void {
    if (this.#settled || this.#lostBecause !== undefined) return;
    this.#lostBecause = because;
    this.#lost?.abort(because);
  }
}
