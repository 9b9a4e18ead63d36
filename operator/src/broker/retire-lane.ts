import { delayTarget, laneQueue, queueNames, returnsLane, returnsQueue } from "@jobwright/worker-runtime/contract";
import type { Channel } from "amqplib";
import type { Broker } from "./broker.ts";
import { readDepth } from "./depth.ts";
import { PublishRefused } from "./errors.ts";
import { laneResources, lanesOnBroker, unlanedExchange } from "./lanes.ts";
import { segment } from "./management.ts";
import { sameProperties } from "./publisher.ts";
import { hasReturns } from "./returns.ts";
import { newTotals } from "./totals.ts";
import { useChannel } from "./use-channel.ts";

/** How long one step moves jobs; another pass goes on. */
const moveForMs = 3_000;

/** What is left in the queue of a lane that a JobQueue has no more, or in that of what comes back. */
export interface LeavingLane {
  /** Jobs yet to be moved. */
  readonly ready: number;
  /** Jobs that workers have in hand, up to five seconds old. */
  readonly unacked: number;
}

/**
 * One step towards the end of a lane's queue, to which nothing is routed any more: moves what waits in it to the end of the
 * work queue, or, where that may be full, to what comes back; from there it moves jobs to where they are of. A job is
 * acknowledged only after its copy is confirmed, so a failure in between can double one, and lose none.
 */
export async function emptyLane(broker: Broker, name: string, lane: string): Promise<LeavingLane> {
  const { queue } = laneResources(name, lane);
  if ((await readDepth(broker.connection, queue)) === undefined) return { ready: 0, unacked: 0 };
  const to = await destinationOf(broker, name, lane);
  await useChannel(broker.connection, `emptying queue "${queue}"`, (channel) =>
    move(broker, channel, { from: queue, lane, to }),
  );
  const { ready = 0 } = (await readDepth(broker.connection, queue)) ?? {};
  return { ready, unacked: (await newTotals(broker)).get(queue)?.unacked ?? 0 };
}

/**
 * Deletes the queue of a lane, and its policy, if it is empty by its leader's own word. To be called once
 * {@link emptyLane} has found nothing for longer than the five seconds that the broker's counts may be old.
 *
 * @returns whether it is gone.
 */
export async function removeLane(broker: Broker, name: string, lane: string): Promise<boolean> {
  const { queue, policy } = laneResources(name, lane);
  const at = segment(broker.address.vhost);
  if ((await readDepth(broker.connection, queue)) !== undefined) {
    const message = await useChannel(broker.connection, `looking into queue "${queue}"`, async (channel) =>
      // Not acknowledged: closing the channel puts it back.
      channel.get(queue),
    );
    if (message !== false) return false;
  }
  try {
    await broker.management.remove(`queues/${at}/${segment(queue)}`);
    await broker.management.remove(`policies/${at}/${segment(policy)}`);
  } finally {
    broker.forgetObservation();
  }
  return true;
}

/** After the last lane went, and the work queue is bound to the exchange again. */
export async function removeAlternate(broker: Broker, name: string): Promise<void> {
  try {
    await broker.management.remove(`exchanges/${segment(broker.address.vhost)}/${segment(unlanedExchange(name))}`);
  } finally {
    broker.forgetObservation();
  }
}

/** @returns to which queue a message with this key goes. */
async function destinationOf(broker: Broker, name: string, lane: string): Promise<(routingKey: string) => string> {
  const observed = await broker.observe();
  const { queue } = queueNames(name);
  if (lane !== returnsLane) {
    const to = hasReturns(observed, name) ? returnsQueue(name) : queue;
    return () => to;
  }
  const lanes = new Set(lanesOnBroker(observed, name).map((one) => laneQueue(name, one)));
  return (routingKey) => {
    const target = delayTarget(routingKey);
    return target !== undefined && lanes.has(target) ? target : queue;
  };
}

async function move(
  broker: Broker,
  channel: Channel,
  { from, lane, to }: { readonly from: string; readonly lane: string; readonly to: (routingKey: string) => string },
): Promise<void> {
  const prefix = `lane.${lane}.`;
  for (const untilMs = Date.now() + moveForMs; Date.now() < untilMs; ) {
    const message = await channel.get(from);
    if (message === false) return;
    const { routingKey } = message.fields;
    // The key names the job where its type does not, and would be lost this way.
    const job = routingKey.startsWith(prefix) ? routingKey.slice(prefix.length) : routingKey;
    const destination = to(routingKey);
    const { routed } = await broker.publisher.publish("", destination, message.content, {
      ...sameProperties(message.properties),
      type: message.properties.type ?? job,
    });
    if (!routed)
      throw new PublishRefused(`queue "${destination}" was gone when a job of "${from}" was to be moved to it`);
    channel.ack(message);
  }
}
