import { createProducer } from "@jobwright/worker-runtime";
import { type OutcomeEvent, outcomeEvent, queueNames, repliesExchange } from "@jobwright/worker-runtime/contract";
import * as kit from "@jobwright/worker-runtime/testing";
import { onTestFinished } from "vitest";
import { createTestQueue } from "../job-queue.ts";
import { runWorker } from "../running-worker.ts";
import { until } from "../until.ts";
import { drainTimeout, heldStarts, jobs, lanes, retry, type Stage } from "./scenario.ts";

const concurrency = 20;
const name = "media.image-resize";

export function stageInMemory(): Stage {
  const queue = kit.createTestQueue({ name, jobs, retry, lanes, concurrency, patienceMs: 20 });

  async function passTime(what: string, reached: () => boolean): Promise<void> {
    for (let seconds = 0; !reached(); seconds += 1) {
      if (seconds > 3_600) throw new Error(`an hour has passed without ${what}: ${JSON.stringify(queue.events)}`);
      await queue.advance("1s");
    }
  }

  return {
    enqueue: (job, input, options) => queue.enqueue(job, input as never, options),
    async publish(type, body, properties) {
      queue.publish(type, body, { type, ...properties });
    },
    seen: (key, outcome) =>
      passTime(`${outcome} of ${key}`, () =>
        queue.events.some((event) => event.key === key && event.outcome === outcome),
      ),
    started: (count) => passTime(`${count} starts`, () => heldStarts() >= count),
    async crash() {
      queue.crash();
    },
    async replace() {
      await queue.drain(drainTimeout.text);
      queue.start();
    },
    events: async () => queue.events,
    replies: async () => queue.replies.map(({ event }) => event),
    dead: async () => queue.dead.map(({ headers }) => headers),
  };
}

export async function stageOnBroker(): Promise<Stage> {
  const queue = await createTestQueue(
    name,
    lanes.map((lane) => lane.name),
  );
  const names = queueNames(name);
  const events: OutcomeEvent[] = [];
  const replies: OutcomeEvent[] = [];
  const channel = await queue.admin.createChannel();
  await channel.assertExchange(names.outcomeExchange, "topic");
  await channel.assertExchange(repliesExchange, "topic");
  for (const [exchange, into] of [
    [names.outcomeExchange, events],
    [repliesExchange, replies],
  ] as const) {
    const { queue: listener } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(listener, exchange, "#");
    await channel.consume(
      listener,
      (message) => void into.push(outcomeEvent.parse(JSON.parse(String(message?.content)))),
      { noAck: true },
    );
  }
  const settings = { retry, lanes, concurrency, outcomes: "All", drainTimeoutMs: drainTimeout.ms } as const;
  let worker = await runWorker(queue, jobs, settings);
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: name });
  onTestFinished(() => producer.close());

  return {
    enqueue: (job, input, options) => producer.enqueue(job, input as never, options),
    publish: queue.publish,
    async seen(key, outcome) {
      await until(`${outcome} of ${key}`, () => events.some((event) => event.key === key && event.outcome === outcome));
    },
    async started(count) {
      await until(`${count} starts`, () => heldStarts() >= count);
    },
    async crash() {
      await queue.closeConnections("consume");
    },
    async replace() {
      await worker.stop();
      worker = await runWorker(queue, jobs, settings);
    },
    events: async () => events,
    replies: async () => replies,
    async dead() {
      const letters: Record<string, unknown>[] = [];
      while ((await queue.ready(names.deadLetterQueue)) > 0) {
        letters.push((await queue.deadLetter()).properties.headers ?? {});
      }
      return letters;
    },
  };
}
