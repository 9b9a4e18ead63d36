import { delayBindingKey, delayLevel, delayLevels, queueNames } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { readDepth } from "./depth.ts";
import { type Management, segment } from "./management.ts";
import { within } from "./within.ts";

/** A level with more messages than this is not looked through: all of them count as this queue's. */
const lookedThrough = 500;
const answerLimitMs = 5_000;

/** What still stands between a JobQueue and "empty". */
export interface Quiet {
  /** Jobs waiting in the work queue, as of now. */
  readonly ready: number;
  /** Jobs that workers have in hand. The broker counts these every five seconds only. */
  readonly unacked: number;
  /** Jobs on the delay fabric: never fewer than there are, and exact unless some level holds more than 500. */
  readonly delayed: number;
}

/**
 * Counts what is left of a JobQueue's jobs; dead letters are not jobs to be done and do not count. A job that moves
 * while it is counted can escape one look, so act only when all three stay 0 for longer than five seconds.
 */
export async function observeQuiet(broker: Broker, name: string): Promise<Quiet> {
  // Jobs go down the levels into the queue, so looking in that order meets each one.
  const delayed = await countDelayed(broker, name);
  const { queue } = queueNames(name);
  const unacked = (await readTotals(broker)).get(queue)?.unacked ?? 0;
  const ready = (await readDepth(broker.connection, queue))?.ready ?? 0;
  return { ready, unacked, delayed };
}

async function countDelayed(broker: Broker, name: string): Promise<number> {
  let delayed = 0;
  for (let level = delayLevels - 1; level >= 0; level -= 1) {
    // One after the other: what comes down from a level while that is looked through is met on a lower one.
    const ready = (await readDepth(broker.connection, delayLevel(level)))?.ready ?? 0;
    if (ready > lookedThrough) delayed += ready;
    else if (ready > 0) delayed += await countForTarget(broker, delayLevel(level), ready, name);
  }
  return delayed;
}

/**
 * Whether the work queue is empty by its leader's own word. The counts of {@link observeQuiet} are 0 also for a quorum
 * queue without a leader; an empty `basic.get` is not to be had there.
 *
 * @throws if some queue does not answer: then nothing is known.
 */
export async function isProvenEmpty(broker: Broker, name: string): Promise<boolean> {
  const channel = await broker.connection.channel();
  try {
    const levels = Array.from({ length: delayLevels }, (_, level) => delayLevel(level));
    const { queue } = queueNames(name);
    for (const each of [...levels, queue]) {
      const message = await within(answerLimitMs, `looking into queue "${each}"`, channel.get(each));
      if (message !== false) channel.nack(message, false, true);
      // What is on a level may be another queue's: that was looked through with the counts.
      if (message !== false && each === queue) return false;
    }
    return true;
  } finally {
    await within(answerLimitMs, "closing a channel", channel.close()).catch(() => {});
  }
}

const browsed = z.array(z.object({ routing_key: z.string() }));

async function countForTarget({ management, address }: Broker, level: string, ready: number, name: string) {
  const messages = browsed.parse(
    await management.post(`queues/${segment(address.vhost)}/${segment(level)}/get`, {
      // Some more may have come meanwhile.
      count: ready + 100,
      ackmode: "ack_requeue_true",
      encoding: "auto",
      truncate: 1,
    }),
  );
  const words = delayBindingKey(name).split(".").length;
  return messages.filter((message) => {
    const key = message.routing_key.split(".");
    return key.length === words && key.slice(delayLevels).join(".") === name;
  }).length;
}

const totals = z.array(
  z.object({
    name: z.string(),
    messages_ready: z.number().default(0),
    messages_unacknowledged: z.number().default(0),
  }),
);

/** The broker's own counts of a queue, up to five seconds old. */
export interface Totals {
  readonly ready: number;
  readonly unacked: number;
}

/** The counts of all queues of the vhost in one request; for `kubectl get`, not for decisions. */
export async function readTotals(broker: {
  readonly management: Management;
  readonly address: { readonly vhost: string };
}): Promise<Map<string, Totals>> {
  const at = segment(broker.address.vhost);
  const list = totals.parse(await broker.management.get(`queues/${at}?disable_stats=true&enable_queue_totals=true`));
  return new Map(list.map((one) => [one.name, { ready: one.messages_ready, unacked: one.messages_unacknowledged }]));
}
