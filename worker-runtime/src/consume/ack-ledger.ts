/** What the broker is told: the delivery of this tag is done, or, with `multiple`, all up to and including it. */
export interface AckFrame {
  readonly tag: number;
  readonly multiple: boolean;
}

/**
 * The deliveries of one channel and what the broker is yet to hear about them. Acks are gathered and told together: jobs
 * that end in one turn of the event loop then cost one frame, not one each, for this process and for the broker.
 *
 * Its memory is bounded by the prefetch, however long the oldest delivery stays open.
 */
export interface AckLedger {
  /** A delivery arrived. Tags come in rising order. */
  delivered(tag: number): void;
  /** It is to be acked by the next `take`. Only for a delivery that is open. */
  ack(tag: number): void;
  /** The broker has been told about it by other means (`nack`). Only for a delivery that is open. */
  told(tag: number): void;
  /** Whether `take` has something to say. */
  readonly waiting: boolean;
  /** The frames that say what was acked since the last call, in the order to be sent. */
  take(): AckFrame[];
}

export function createAckLedger(): AckLedger {
  // A set remembers the order of insertion, which is that of the tags: its first element is the lowest.
  const open = new Set<number>();
  let acked: number[] = [];

  return {
    delivered(tag) {
      open.add(tag);
    },
    ack(tag) {
      open.delete(tag);
      acked.push(tag);
    },
    told(tag) {
      open.delete(tag);
    },
    get waiting() {
      return acked.length > 0;
    },
    take() {
      const tags = acked;
      acked = [];
      const frames: AckFrame[] = [];
      const lowestOpen = open.values().next().value ?? Number.POSITIVE_INFINITY;
      // The broker refuses a tag that it does not wait for, so `multiple` names one that is acked just now, never one
      // that merely lies below.
      let upTo = 0;
      let covered = 0;
      for (const tag of tags) {
        if (tag > lowestOpen) {
          frames.push({ tag, multiple: false });
          continue;
        }
        covered += 1;
        if (tag > upTo) upTo = tag;
      }
      if (covered > 0) frames.push({ tag: upTo, multiple: covered > 1 });
      return frames;
    },
  };
}
