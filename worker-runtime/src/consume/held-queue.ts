import type { HeldDelivery } from "./delivery.ts";

/** Deliveries that wait for a slot, in order of arrival. Those that are lost meanwhile are dropped and released. */
export interface HeldQueue {
  readonly size: number;
  /** The one that waits longest, still open; undefined if none waits. */
  first(): HeldDelivery | undefined;
  /** Takes the first one out. */
  shift(): HeldDelivery | undefined;
  push(delivery: HeldDelivery): void;
  /** Puts one that had its turn before back to the front. */
  unshift(delivery: HeldDelivery): void;
  /** Drops what is lost. */
  purge(): void;
  /** Takes out all but the first `keep`, except those that `spared` says to keep. */
  takeBeyond(keep: number, spared: (delivery: HeldDelivery) => boolean): HeldDelivery[];
}

export function createHeldQueue(): HeldQueue {
  let waiting: HeldDelivery[] = [];
  // What is before it has been taken out: to shift an array would move all that follows, for each job.
  let head = 0;

  function shift(): HeldDelivery | undefined {
    const delivery = waiting[head];
    head += 1;
    if (head >= waiting.length) {
      waiting = [];
      head = 0;
    } else if (head >= 1_024) {
      waiting = waiting.slice(head);
      head = 0;
    }
    return delivery;
  }

  function first(): HeldDelivery | undefined {
    for (;;) {
      const delivery = waiting[head];
      if (delivery === undefined || delivery.open) return delivery;
      shift();
      delivery.release();
    }
  }

  function keepOnly(kept: (delivery: HeldDelivery, index: number) => boolean): HeldDelivery[] {
    const dropped: HeldDelivery[] = [];
    waiting = waiting.slice(head).filter((delivery, index) => {
      const keep = kept(delivery, index);
      if (!keep) dropped.push(delivery);
      return keep;
    });
    head = 0;
    return dropped;
  }

  return {
    get size() {
      return waiting.length - head;
    },
    first,
    shift() {
      return first() === undefined ? undefined : shift();
    },
    push(delivery) {
      waiting.push(delivery);
    },
    unshift(delivery) {
      waiting = [delivery, ...waiting.slice(head)];
      head = 0;
    },
    purge() {
      for (const lost of keepOnly((delivery) => delivery.open)) lost.release();
    },
    takeBeyond(keep, spared) {
      if (waiting.length - head <= keep) return [];
      return keepOnly((delivery, index) => index < keep || spared(delivery));
    },
  };
}
