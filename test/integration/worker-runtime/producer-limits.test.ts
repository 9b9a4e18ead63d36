import {
  BatchFailed,
  createProducer,
  defineJob,
  MessageTooLarge,
  type ProducerOptions,
  PublishRefused,
  Unroutable,
} from "@jobwright/worker-runtime";
import { deadLetterHeader } from "@jobwright/worker-runtime/contract";
import type { ConsumeMessage } from "amqplib";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { manage } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const text = defineJob({ name: "text", input: z.string(), run() {} });
const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });

function produce(queue: TestQueue, options: Partial<ProducerOptions> = {}) {
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name, log, ...options });
  onTestFinished(() => producer.close());
  return producer;
}

/** Ids of all messages of the work queue. */
async function idsIn(queue: TestQueue): Promise<Set<string>> {
  const channel = await queue.admin.createChannel();
  const ids: string[] = [];
  const count = await queue.ready(queue.name);
  await channel.consume(queue.name, (message) => {
    if (message !== null) ids.push(message.properties.messageId);
  });
  await until("all messages", () => ids.length >= count);
  await channel.close();
  // What was sent again may be there twice.
  return new Set(ids);
}

test("10 MB go through; more than the limit is refused before it is sent, with a way out", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue);
  const large = "x".repeat(10_000_000);
  await producer.enqueue(text, large);
  await expect(producer.enqueue(text, "x".repeat(17_000_000))).rejects.toThrow(MessageTooLarge);
  await expect(produce(queue, { maxMessageBytes: 10 }).enqueue(text, "123456789")).rejects.toThrow(
    "has 11 bytes, and at most 10 are allowed: store it elsewhere",
  );
  let length = 0;
  const job = defineJob({
    name: "text",
    input: z.string(),
    run(received) {
      length = received.length;
    },
  });
  await runWorker(queue, [job]);
  await until("the run", () => length === large.length);
});

test("a body that is larger than the worker allows is dead-lettered, unread", async () => {
  const queue = await createTestQueue();
  await runWorker(queue, [text], { maxMessageBytes: 100 });
  await queue.publish("text", Buffer.from("{".repeat(101)), { messageId: "m-1" });
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("TooLarge");
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain("has 101 bytes, and at most 100 are allowed");
});

/** RabbitMQ 3.10's own limit is 128 MiB: no job of a test's. */
const limited = test.skipIf(readCluster().broker().version === "3.10");

limited("a message over the broker's own limit fails alone: what else was in flight is stored", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue, { maxMessageBytes: 100_000_000 });
  const jobs = ["a", "b", "x".repeat(17_000_000), "c", "d"].map((body) => producer.enqueue(text, body));
  const outcomes = await Promise.allSettled(jobs);
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  await expect(jobs[2]).rejects.toThrow(/larger than configured max size/);
  const ids = await idsIn(queue);
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") expect(ids).toContain(outcome.value);
  }
});

test("what these credentials may not send fails alone: 450 of 500 jobs are stored while 50 are refused", async () => {
  const queue = await createTestQueue();
  const user = `producer-${queue.vhost.name}`;
  const inVhost = `${encodeURIComponent(queue.vhost.name)}/${encodeURIComponent(user)}`;
  await manage(queue.broker, "PUT", `/api/users/${encodeURIComponent(user)}`, { password: "p", tags: "" });
  onTestFinished(async () => {
    await manage(queue.broker, "DELETE", `/api/users/${encodeURIComponent(user)}`);
  });
  const write = `^${queue.name.replaceAll(".", "\\.")}$`;
  await manage(queue.broker, "PUT", `/api/permissions/${inVhost}`, { configure: "^$", write, read: "^$" });
  const url = new URL(queue.vhost.amqpUrl);
  url.username = encodeURIComponent(user);
  url.password = "p";
  const producer = produce(queue, { url: url.href });

  const outcomes = await Promise.allSettled(
    Array.from({ length: 500 }, (_, n) => producer.enqueue(text, `${n}`, n % 10 === 5 ? { delay: "5s" } : {})),
  );
  const stored = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  expect(stored).toHaveLength(450);
  for (const error of refused) {
    expect(error).toBeInstanceOf(PublishRefused);
    expect(error.message).toContain("jobwright.delay.27");
  }
  const ids = await idsIn(queue);
  expect(stored.filter((id) => !ids.has(id))).toEqual([]);
});

test("a batch is stored in its order, never more of it on its way than may be", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue, { maxInFlight: 20, maxWaiting: 1 });
  const ids = await producer.enqueueMany(
    text,
    Array.from({ length: 3_000 }, (_, n) => `${n}`),
  );
  expect(ids).toHaveLength(3_000);
  const channel = await queue.admin.createChannel();
  const bodies: string[] = [];
  const collect = (message: ConsumeMessage | null) => {
    if (message !== null) bodies.push(JSON.parse(message.content.toString()));
  };
  await channel.consume(queue.name, collect, { noAck: true });
  await until("all of them", () => bodies.length === 3_000);
  expect(bodies).toEqual(Array.from({ length: 3_000 }, (_, n) => `${n}`));
});

test("a batch that cannot be stored says which of its jobs are", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue, { maxInFlight: 2 });
  const channel = await queue.admin.createChannel();
  async function* inputs() {
    yield "0";
    yield "1";
    await until("both to be stored", async () => (await queue.ready(queue.name)) === 2);
    await channel.unbindQueue(queue.name, queue.name, "#");
    for (let n = 2; n < 100; n += 1) yield `${n}`;
  }
  const error = await producer.enqueueMany(text, inputs()).catch((failure: unknown) => failure);
  if (!(error instanceof BatchFailed)) throw new Error("it should have failed", { cause: error });
  expect(error.cause).toBeInstanceOf(Unroutable);
  expect(error.ids.length).toBeLessThan(10);
  const stored = error.ids.filter((id) => id !== undefined);
  expect(stored).toHaveLength(2);
  expect(await idsIn(queue)).toEqual(new Set(stored));
});
