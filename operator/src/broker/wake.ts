import { randomUUID } from "node:crypto";
import { returnsQueue } from "@jobwright/worker-runtime/contract";
import type { Channel } from "amqplib";
import type { Broker } from "./broker.ts";
import { readDepth } from "./depth.ts";
import { ensureTopology } from "./ensure.ts";
import { eventIntake } from "./event-bindings.ts";
import { consumeKept, keepChannel } from "./keep-channel.ts";
import { intakeOf } from "./lanes.ts";
import { isBounded } from "./limits.ts";
import type { JobQueueOnBroker } from "./topology.ts";
import { settleCopies, type WakeQueue } from "./wake-copies.ts";

export interface WakeListener {
  /** Called once, when there is work: a job was just published, or was there already. */
  onWake(why: "Published" | "Backlog"): void;
  /** The broker cannot be watched; it is tried again. The depth poll catches what is published meanwhile. */
  onError(error: unknown): void;
}

/** A pool at zero that waits to be woken. Disposing of it first brings copies to safety that may be the only ones. */
export interface WakeWatch extends AsyncDisposable {
  /** Settles when it watches: from then on a published job wakes. Does not settle if disposed of before. */
  readonly ready: Promise<void>;
}

/**
 * Watches a JobQueue whose pool is at zero for its first job: a queue of our own, bound as the work queue and the lanes
 * are (to the exchanges of others that exist by then, too), gets a copy of it within about a millisecond. After `onWake` it watches no more; call again when the pool is at zero again.
 *
 * Our queue makes every message routable. So while the work queue is gone or not bound, a producer is told that its
 * job is safe although only our copy exists. Therefore the copies are compared with the work queue before they go
 * (wake-copies.ts), and republished if they may be the only ones.
 *
 * @param latest what the JobQueue is by now: the copies may be looked at long after the watch began.
 */
export function watchForWork(
  broker: Broker,
  queue: JobQueueOnBroker,
  listener: WakeListener,
  latest: () => JobQueueOnBroker = () => queue,
): WakeWatch {
  const ownIntake = intakeOf(queue.name, queue.lanes ?? []);
  const returns = isBounded(queue.limits) ? [returnsQueue(queue.name)] : [];
  const queues = [...new Set([...ownIntake.map(({ destination }) => destination), ...returns])];
  let over = false;
  let armed: WakeQueue | undefined;
  let settling: Promise<void> | undefined;

  /** Ends the watch. Whatever made it end, the copies are looked at. */
  function settle(): Promise<void> {
    over = true;
    settling ??= (async () => {
      try {
        if (armed !== undefined) await settleCopies(broker, latest, armed, listener.onError);
      } catch (error) {
        listener.onError(error);
      }
      await kept[Symbol.asyncDispose]();
    })();
    return settling;
  }

  function wake(why: "Published" | "Backlog"): void {
    if (over) return;
    // Before anything else: workers take a second to come, and our looking at the copies need not be added to it.
    listener.onWake(why);
    void settle();
  }

  async function setUp(channel: Channel): Promise<void> {
    const { queue: name } = await channel.assertQueue(`jobwright.wake.${queue.name}.${randomUUID()}`, {
      exclusive: true,
      durable: false,
      arguments: { "x-queue-type": "classic" },
    });
    const intake = [...ownIntake, ...(await eventIntake(broker, queue))];
    const mine: WakeQueue = { channel, name, intake, consumerTag: randomUUID(), held: undefined };
    channel.once("close", () => {
      if (armed === mine) armed = undefined;
    });
    // Bound before the depth is read: a job is in the depth, or it is pushed.
    armed = mine;
    for (const { source, routingKey, arguments: args } of intake) {
      await channel.bindQueue(name, source, routingKey, args);
    }
    await channel.prefetch(1);
    await consumeKept(
      channel,
      name,
      (message) => {
        mine.held = message;
        wake("Published");
      },
      { consumerTag: mine.consumerTag },
    );
    const depths = await Promise.all(queues.map((each) => readDepth(broker.connection, each)));
    if (depths.includes(undefined)) await ensureTopology(broker, latest, { fresh: true });
    if (depths.some((depth) => depth !== undefined && depth.ready > 0)) wake("Backlog");
  }

  const kept = keepChannel(broker.waking, setUp, listener.onError);
  return { ready: kept.ready, [Symbol.asyncDispose]: settle };
}
