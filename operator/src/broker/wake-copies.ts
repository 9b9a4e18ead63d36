import { setTimeout as sleep } from "node:timers/promises";
import { queueNames } from "@jobwright/worker-runtime/contract";
import type { Channel, ConsumeMessage } from "amqplib";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { readDepth } from "./depth.ts";
import { ensureTopology } from "./ensure.ts";
import { PublishRefused } from "./errors.ts";
import { segment } from "./management.ts";
import { sameProperties } from "./publisher.ts";
import type { JobQueueOnBroker } from "./topology.ts";

/** A wake queue that is bound and consumed. */
export interface WakeQueue {
  readonly channel: Channel;
  readonly name: string;
  readonly consumerTag: string;
  /** The copy that was pushed to us and is not acknowledged yet. */
  held: ConsumeMessage | undefined;
}

/** A quorum queue shows a message a little later than our classic queue does: when its members have agreed on it. */
const arrivalLimitMs = 5_000;
const arrivalPauseMs = 50;
const attempts = 5;
const attemptPauseMs = 1_000;

/**
 * Takes no more copies, makes sure that each copy it has is in the work queue as well, and deletes the wake queue.
 * Copies that may be the only ones are published to the work queue once more, after the topology is repaired. So a
 * job can be doubled here (a stranger emptied the work queue just then), but not lost.
 *
 * @throws if the broker cannot be asked or refuses after several attempts, or the channel is lost.
 */
export async function settleCopies(
  broker: Broker,
  queue: JobQueueOnBroker,
  wake: WakeQueue,
  onError: (error: unknown) => void,
): Promise<void> {
  const { channel, name } = wake;
  const { exchange } = queueNames(queue.name);
  await channel.cancel(wake.consumerTag);
  // Back to the head of our queue, so that there is one place to count and take copies from.
  if (wake.held !== undefined) channel.nack(wake.held, false, true);
  await channel.unbindQueue(name, exchange, "#");
  const { messageCount: copies } = await channel.checkQueue(name);
  if (copies > 0) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!(await haveArrived(broker, queue.name, copies))) await republish(broker, queue, wake);
        break;
      } catch (error) {
        if (attempt === attempts) throw error;
        onError(error);
        await sleep(attemptPauseMs);
      }
    }
  }
  await channel.deleteQueue(name);
}

/** Whether the work queue has got, or had, all that we have copies of. */
async function haveArrived(broker: Broker, name: string, copies: number): Promise<boolean> {
  const { exchange, queue } = queueNames(name);
  if (!(await isBound(broker, exchange, queue))) return false;
  const until = Date.now() + arrivalLimitMs;
  do {
    const depth = await readDepth(broker.connection, queue);
    if (depth === undefined) return false;
    // Whoever consumes it may have taken them already.
    if (depth.ready >= copies || depth.consumers > 0) return true;
    await sleep(arrivalPauseMs);
  } while (Date.now() < until);
  return false;
}

const bindings = z.array(z.object({ routing_key: z.string() }));

/** A queue that is gone or no longer bound got nothing, however much there is in it from before. */
async function isBound({ management, address }: Broker, exchange: string, queue: string): Promise<boolean> {
  const path = `bindings/${segment(address.vhost)}/e/${segment(exchange)}/q/${segment(queue)}`;
  const found = bindings.parse((await management.find(path)) ?? []);
  return found.some(({ routing_key }) => routing_key === "#");
}

async function republish(broker: Broker, wanted: JobQueueOnBroker, { channel, name }: WakeQueue): Promise<void> {
  const { queue } = queueNames(wanted.name);
  await ensureTopology(broker, wanted, { fresh: true });
  for (;;) {
    const copy = await channel.get(name);
    if (copy === false) return;
    try {
      // Straight to the work queue: other queues bound to the exchange have theirs. The key names the job where its
      // type does not, and would be lost this way.
      const { routed } = await broker.publisher.publish("", queue, copy.content, {
        ...sameProperties(copy.properties),
        type: copy.properties.type ?? copy.fields.routingKey,
      });
      if (!routed) throw new PublishRefused(`queue "${queue}" was gone again when a job was to be put back into it`);
    } catch (error) {
      channel.nack(copy, false, true);
      throw error;
    }
    channel.ack(copy);
  }
}
