import type { ReceivedMessage } from "../message/message.ts";

/**
 * One delivery of a message, wherever it came from: what the runner needs of a broker. Once it is lost, the broker
 * delivers the message again, and whatever is still said about this delivery is dropped.
 */
export interface Delivery {
  readonly message: ReceivedMessage;
  /** The lane it came by; undefined for the work queue itself. */
  readonly lane: string | undefined;
  /** Aborted with DeliveryLost when it is lost. Made when first asked for: most jobs never need it. */
  readonly lost: AbortSignal;
  /** Whether it has neither been settled nor lost. */
  readonly open: boolean;
  /** The job's outcome is safe. False if the delivery was settled before, or lost: nothing was said to the broker. */
  ack(): boolean;
  /** Back to its queue. The broker counts it towards the delivery limit. False as for ack. */
  handBack(): boolean;
  /**
   * The slot is free: the handler has ended, and the delivery is settled or lost.
   *
   * @param ran false if the job was not begun, so that its start does not count.
   */
  release(ran?: boolean): void;
  /**
   * The slot is free for now; the delivery is started once more after `waitMs`. False if too many wait already, and
   * absent where there is no way to wait.
   */
  postpone?(waitMs: number): boolean;
}
