import type { Logger } from "pino";
import type { BrokerConnection } from "../broker/connection.ts";
import { laneQueue, returnsLane } from "../contract/index.ts";
import { type Consumer, type ConsumerOptions, createConsumer } from "./consumer.ts";
import type { HeldDelivery } from "./delivery.ts";
import { createHeldQueue, type HeldQueue } from "./held-queue.ts";
import { returnedLane } from "./returned-lane.ts";

/** The work queue, a lane beside it, or what comes back to them, as this worker takes from it. */
export interface OpenLane {
  /** Undefined for the work queue, returnsLane for what comes back. */
  readonly name: string | undefined;
  /** Its weight, of that of the weightiest lane. */
  readonly share: number;
  readonly held: HeldQueue;
  readonly consumer: Consumer;
  started: number;
  /** Deliveries that had their turn, but are to wait for a moment. */
  postponed: number;
}

export interface OpenLaneOptions extends Pick<ConsumerOptions, "onReleased" | "onRoundTrip"> {
  readonly connection: BrokerConnection;
  /** Resolved name of the JobQueue. */
  readonly queue: string;
  readonly name: string | undefined;
  readonly share: number;
  readonly log: Logger;
  /** A delivery arrived; it waits in `held`. */
  onDelivery(delivery: HeldDelivery): void;
  /** A delivery gives its slot back for a while. @returns false to refuse. */
  onPostponed(lane: OpenLane, delivery: HeldDelivery, waitMs: number): boolean;
}

/** Opens a lane: nothing comes until its consumer is told what is wanted. */
export function openLane(options: OpenLaneOptions): OpenLane {
  const { connection, queue, name, share, log } = options;
  const held = createHeldQueue();
  const consumer = createConsumer({
    connection,
    queue: name === undefined ? queue : laneQueue(queue, name),
    laneOf: name === returnsLane ? ({ fields }) => returnedLane(queue, fields.routingKey) : () => name,
    log,
    onDelivery(delivery) {
      held.push(delivery);
      options.onDelivery(delivery);
    },
    onReleased: options.onReleased,
    onPostponed: (delivery, waitMs) => options.onPostponed(lane, delivery, waitMs),
    onLost: () => held.purge(),
    onRoundTrip: options.onRoundTrip,
  });
  const lane: OpenLane = { name, share, held, consumer, started: 0, postponed: 0 };
  return lane;
}

/** Deliveries of these lanes that wait in the worker. */
export function heldIn(lanes: readonly OpenLane[]): number {
  return lanes.reduce((sum, { held, postponed }) => sum + held.size + postponed, 0);
}
