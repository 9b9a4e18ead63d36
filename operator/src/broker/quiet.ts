import {
  delayDeliveryExchange,
  delayLevel,
  delayLevels,
  laneQueue,
  queueNames,
  returnsQueue,
} from "@jobwright/worker-runtime/contract";
import type { Channel, GetMessage } from "amqplib";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { openConnection } from "./connection.ts";
import { delayedJobs } from "./delayed.ts";
import { readDepth } from "./depth.ts";
import { lanesOnBroker } from "./lanes.ts";
import { segment } from "./management.ts";
import { hasReturns } from "./returns.ts";
import { newTotals } from "./totals.ts";
import { notAnswered, useChannel } from "./use-channel.ts";
import { within } from "./within.ts";

/** A level with more messages than this is not looked through: all of them count as this queue's. */
const lookedThrough = 500;
const answerLimitMs = 5_000;

/** What still stands between a JobQueue and "empty". */
export interface Quiet {
  /** Jobs waiting in the work queue and the lanes, and those that came back, as of now. */
  readonly ready: number;
  /** Jobs that workers have in hand. The broker counts these every five seconds only. */
  readonly unacked: number;
  /**
   * Jobs on the delay fabric: never fewer than there are, and exact unless some level holds more than 500, or jobs of whatever
   * queue are overdue: those cannot be looked through.
   */
  readonly delayed: number;
}

/**
 * Counts what is left of a JobQueue's jobs; dead letters are not jobs to be done and do not count. A job that moves
 * while it is counted can escape one look, so act only when all three stay 0 for longer than five seconds.
 */
export async function observeQuiet(broker: Broker, name: string): Promise<Quiet> {
  // Jobs go down the levels into the queues, so looking in that order meets each one.
  const onLevels = await countDelayed(broker, name);
  const queues = await queuesOf(broker, name);
  const totals = await newTotals(broker);
  const overdue = delayedJobs(totals)?.levels.reduce((sum, level) => sum + level.overdue, 0) ?? 0;
  const unacked = queues.reduce((sum, queue) => sum + (totals.get(queue)?.unacked ?? 0), 0);
  const depths = await Promise.all(queues.map((queue) => readDepth(broker.connection, queue)));
  const ready = depths.reduce((sum, depth) => sum + (depth?.ready ?? 0), 0);
  return { ready, unacked, delayed: onLevels + overdue };
}

/** Where the JobQueue's jobs wait. */
async function queuesOf(broker: Broker, name: string): Promise<string[]> {
  const observed = await broker.observe();
  const lanes = lanesOnBroker(observed, name).map((lane) => laneQueue(name, lane));
  return [queueNames(name).queue, ...lanes, ...(hasReturns(observed, name) ? [returnsQueue(name)] : [])];
}

const bindings = z.array(z.object({ routing_key: z.string() }));

/** Under which names delayed jobs come to these queues; those of lanes that are gone come to the work queue. */
async function delayTargets({ management, address }: Broker, queues: readonly string[]): Promise<Set<string>> {
  const targets = new Set(queues);
  for (const queue of queues) {
    const path = `bindings/${segment(address.vhost)}/e/${segment(delayDeliveryExchange)}/q/${segment(queue)}`;
    for (const { routing_key } of bindings.parse((await management.find(path)) ?? [])) {
      targets.add(targetOf(routing_key));
    }
  }
  return targets;
}

function targetOf(delayKey: string): string {
  return delayKey.split(".").slice(delayLevels).join(".");
}

async function countDelayed(broker: Broker, name: string): Promise<number> {
  const targets = await delayTargets(broker, await queuesOf(broker, name));
  let delayed = 0;
  for (let level = delayLevels - 1; level >= 0; level -= 1) {
    // One after the other: what comes down from a level while that is looked through is met on a lower one.
    const ready = (await readDepth(broker.connection, delayLevel(level)))?.ready ?? 0;
    if (ready > lookedThrough) delayed += ready;
    else if (ready > 0) delayed += await countForTargets(broker, delayLevel(level), ready, targets);
  }
  return delayed;
}

/**
 * Whether the work queue, the lanes and what came back are empty by their leaders' own word. The counts of
 * {@link observeQuiet} are 0 also for a quorum queue without a leader; an empty `basic.get` is not to be had there. On a
 * connection of its own: RabbitMQ closes the whole connection for a queue without a leader, with whatever others do on it.
 *
 * @throws BrokerUnreachable if some queue does not answer: then nothing is known.
 */
export async function isProvenEmpty(broker: Broker, name: string): Promise<boolean> {
  const levels = Array.from({ length: delayLevels }, (_, level) => delayLevel(level));
  const queues = await queuesOf(broker, name);
  await using connection = openConnection(broker.address, "jobwright-operator (deleting)");
  return await useChannel(connection, `looking whether the queues of "${name}" are empty`, async (channel) => {
    for (const each of [...levels, ...queues]) {
      const message = await look(channel, each);
      if (message !== false) channel.nack(message, false, true);
      // What is on a level may be another queue's: that was looked through with the counts.
      if (message !== false && queues.includes(each)) return false;
    }
    return true;
  });
}

async function look(channel: Channel, queue: string): Promise<GetMessage | false> {
  try {
    return await within(answerLimitMs, "its answer", channel.get(queue));
  } catch (error) {
    throw notAnswered(`looking whether queue "${queue}" is empty`, error);
  }
}

const browsed = z.array(z.object({ routing_key: z.string() }));

async function countForTargets(
  { management, address }: Broker,
  level: string,
  ready: number,
  targets: ReadonlySet<string>,
) {
  const messages = browsed.parse(
    await management.post(`queues/${segment(address.vhost)}/${segment(level)}/get`, {
      // Some more may have come meanwhile.
      count: ready + 100,
      ackmode: "ack_requeue_true",
      encoding: "auto",
      truncate: 1,
    }),
  );
  return messages.filter((message) => targets.has(targetOf(message.routing_key))).length;
}
