import { setTimeout as sleep } from "node:timers/promises";
import { eventNaming, laneQueue, laneRoutingKey, queueNames } from "@jobwright/worker-runtime/contract";
import type { Channel, ConsumeMessage, GetMessage } from "amqplib";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { readDepth } from "./depth.ts";
import { ensureTopology } from "./ensure.ts";
import { PublishRefused } from "./errors.ts";
import { eventBindingChanges } from "./event-bindings.ts";
import { intakeOf } from "./lanes.ts";
import { fewestWhenFull } from "./limits.ts";
import { segment } from "./management.ts";
import { sameProperties } from "./publisher.ts";
import { wayInto } from "./returns.ts";
import type { Binding, JobQueueOnBroker } from "./topology.ts";

/** A wake queue that is bound and consumed. */
export interface WakeQueue {
  readonly channel: Channel;
  readonly name: string;
  /** The bindings of the JobQueue's own queues, each of which it has too. */
  readonly intake: readonly Binding[];
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
 * Takes no more copies, makes sure that each copy it has is in the work queue or a lane as well, and deletes the wake queue.
 * Copies that may be the only ones are published there once more, after the topology is repaired. So a
 * job can be doubled here (a stranger emptied the work queue just then), but not lost.
 *
 * @throws if the broker cannot be asked or refuses after several attempts, or the channel is lost.
 */
export async function settleCopies(
  broker: Broker,
  latest: () => JobQueueOnBroker,
  wake: WakeQueue,
  onError: (error: unknown) => void,
): Promise<void> {
  const { channel, name } = wake;
  await channel.cancel(wake.consumerTag);
  for (const { source, routingKey, arguments: args } of wake.intake) {
    await channel.unbindQueue(name, source, routingKey, args);
  }
  const { messageCount } = await channel.checkQueue(name);
  const copies = messageCount + (wake.held === undefined ? 0 : 1);
  // Back to the head of our queue, so that there is one place to take copies from. After the count: RabbitMQ may count first
  // what it is asked last, and who has one copy would seem to have none.
  if (wake.held !== undefined) channel.nack(wake.held, false, true);
  if (copies > 0) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!(await haveArrived(broker, latest(), wake, copies))) await republish(broker, latest, wake);
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

/** Whether the work queue and the lanes have got, or had, all that we have copies of. */
async function haveArrived(
  broker: Broker,
  latest: JobQueueOnBroker,
  wake: WakeQueue,
  copies: number,
): Promise<boolean> {
  const { name, lanes = [], bindings = [] } = latest;
  const intake = intakeOf(name, lanes);
  // What only our queue is bound for is routed, and so does not go by the alternate exchange to the work queue.
  if (
    wake.intake.some((mine) => mine.source === queueNames(name).exchange && !intake.some((one) => isSame(one, mine)))
  ) {
    return false;
  }
  if (bindings.length > 0) {
    const { missing } = eventBindingChanges(latest, await broker.observe({ fresh: true }));
    if (missing.length > 0) return false;
  }
  for (const binding of intake) if (!(await isBound(broker, binding))) return false;
  const queues = [...new Set(intake.map(({ destination }) => destination))];
  // Of a burst that filled the queue some were refused, and their producers told so, although we have copies.
  const expected = Math.min(copies, fewestWhenFull(latest.limits) ?? copies);
  const until = Date.now() + arrivalLimitMs;
  do {
    let ready = 0;
    let consumers = 0;
    for (const queue of queues) {
      const depth = await readDepth(broker.connection, queue);
      if (depth === undefined) return false;
      ready += depth.ready;
      consumers += depth.consumers;
    }
    // Whoever consumes them may have taken them already.
    if (ready >= expected || consumers > 0) return true;
    await sleep(arrivalPauseMs);
  } while (Date.now() < until);
  return false;
}

function isSame(one: Binding, other: Binding): boolean {
  return one.source === other.source && one.routingKey === other.routingKey;
}

const bindings = z.array(z.object({ routing_key: z.string() }));

/** A queue that is gone or no longer bound got nothing, however much there is in it from before. */
async function isBound(
  { management, address }: Broker,
  { source, destination, routingKey }: Binding,
): Promise<boolean> {
  const path = `bindings/${segment(address.vhost)}/e/${segment(source)}/q/${segment(destination)}`;
  const found = bindings.parse((await management.find(path)) ?? []);
  return found.some(({ routing_key }) => routing_key === routingKey);
}

async function republish(broker: Broker, latest: () => JobQueueOnBroker, { channel, name }: WakeQueue): Promise<void> {
  await ensureTopology(broker, latest, { fresh: true });
  const wanted = latest();
  for (;;) {
    const copy = await channel.get(name);
    if (copy === false) return;
    const { queue, job } = routeOf(copy, wanted);
    const { exchange, routingKey } = wayInto(queue, wanted);
    try {
      // Straight to its queue: other queues bound to the exchange have theirs. The key names the job where its
      // type does not, and would be lost this way.
      const { routed } = await broker.publisher.publish(exchange, routingKey, copy.content, {
        ...sameProperties(copy.properties),
        type: copy.properties.type ?? job,
      });
      if (!routed) throw new PublishRefused(`queue "${queue}" was gone again when a job was to be put back into it`);
    } catch (error) {
      channel.nack(copy, false, true);
      throw error;
    }
    channel.ack(copy);
  }
}

/** The queue that a message belongs into, and the job that it is if it carries no type. */
function routeOf(
  { fields: { exchange, routingKey }, properties: { headers = {} } }: Pick<GetMessage, "fields" | "properties">,
  { name, lanes = [], bindings = [] }: JobQueueOnBroker,
): { queue: string; job: string } {
  const { queue } = queueNames(name);
  const event = eventNaming(name, bindings)({ exchange, routingKey, headers });
  if (event !== undefined) return { queue, job: event };
  const lane = lanes.find((one) => routingKey.startsWith(laneRoutingKey(one, "")));
  // Of a lane that it has no more as well: so a worker names what comes to the work queue with such a key.
  const job = /^lane\.[^.]+\.([^.]+)$/.exec(routingKey)?.[1] ?? routingKey;
  return { queue: lane === undefined ? queue : laneQueue(name, lane), job };
}
