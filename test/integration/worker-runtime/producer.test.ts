import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createProducer,
  defineJob,
  InvalidInput,
  Nacked,
  ProducerClosed,
  ProducerOverloaded,
  Unroutable,
} from "@jobwright/worker-runtime";
import { bindingUri, header } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { manage } from "../../broker/index.ts";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const resize = defineJob({ name: "resize", input: z.object({ n: z.number() }), run() {} });
const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });

function produce(queue: TestQueue, limits: { maxInFlight?: number; maxWaiting?: number } = {}) {
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name, log, ...limits });
  onTestFinished(() => producer.close());
  return producer;
}

test("an enqueued job is on the broker, and a worker reads it", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue);
  const beforeMs = Date.now();
  const id = await producer.enqueue(resize, { n: 7 });
  expect(await queue.ready(queue.name)).toBe(1);
  const channel = await queue.admin.createChannel();
  const message = await channel.get(queue.name);
  if (!message) throw new Error("the queue is empty");
  expect(message.content.toString()).toBe('{"n":7}');
  expect(message.fields.routingKey).toBe("resize");
  expect(message.properties).toMatchObject({
    messageId: id,
    type: "resize",
    deliveryMode: 2,
    contentType: "application/json",
  });
  expect(message.properties.headers?.[header.attempt]).toBe(1);
  expect(message.properties.headers?.[header.enqueuedAt]).toBeGreaterThanOrEqual(beforeMs);
  channel.nack(message, false, true);

  const seen: unknown[] = [];
  await runWorker(queue, [
    defineJob({ name: "resize", input: resize.input, run: (input, { id }) => seen.push([id, input]) }),
  ]);
  await until("the job to run", () => seen.length === 1);
  expect(seen).toEqual([[id, { n: 7 }]]);
});

test("an input that does not fit is refused before it is sent", async () => {
  const queue = await createTestQueue();
  const wrong = { n: "seven" } as unknown as { n: number };
  await expect(produce(queue).enqueue(resize, wrong)).rejects.toThrow(InvalidInput);
  expect(await queue.ready(queue.name)).toBe(0);
});

test("without a queue bound, without an exchange: unroutable, and it works once both are there", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue);
  const channel = await queue.admin.createChannel();
  await channel.deleteQueue(queue.name);
  await expect(producer.enqueue(resize, { n: 1 })).rejects.toThrow(Unroutable);
  await channel.deleteExchange(queue.name);
  await expect(producer.enqueue(resize, { n: 1 })).rejects.toThrow('exchange "media.image-resize" does not exist');
  await queue.ensure();
  await producer.enqueue(resize, { n: 1 });
  expect(await queue.ready(queue.name)).toBe(1);
});

test("a full queue refuses, and says so", async () => {
  const queue = await createTestQueue();
  const vhost = encodeURIComponent(queue.vhost.name);
  await manage(queue.broker, "PUT", `/api/policies/${vhost}/full`, {
    pattern: "^media\\.image-resize$",
    definition: { "max-length": 3, overflow: "reject-publish" },
    priority: 1_000,
    "apply-to": "queues",
  });
  const producer = produce(queue);
  const refusal = await until("a refusal", () =>
    producer.enqueue(resize, { n: 1 }).then(
      () => undefined,
      (error) => error,
    ),
  );
  expect(refusal).toBeInstanceOf(Nacked);
});

test("10,000 jobs while the broker closes the connection again and again: all there, none given up", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue, { maxInFlight: 50, maxWaiting: 20_000 });
  const count = 10_000;
  let confirmed = 0;
  const all = Promise.all(
    Array.from({ length: count }, (_, n) =>
      producer.enqueue(resize, { n }).then((id) => {
        confirmed += 1;
        return id;
      }),
    ),
  );
  for (const share of [0.1, 0.4, 0.7]) {
    await until("some confirms", () => confirmed >= count * share);
    await queue.closeConnections("produce");
  }
  const ids = await all;
  expect(new Set(ids).size).toBe(count);

  const found = new Map<string, unknown>();
  const channel = await queue.admin.createChannel();
  await channel.prefetch(1_000);
  await channel.consume(queue.name, (message) => {
    if (message === null) return;
    found.set(message.properties.messageId, JSON.parse(message.content.toString()).n);
    channel.ack(message);
  });
  await until("all of them in the queue", () => found.size >= count);
  expect(ids.filter((id, n) => found.get(id) !== n)).toEqual([]);
});

test("no more than maxInFlight are sent, no more than maxWaiting wait, and closing rejects those that wait", async () => {
  // Nobody listens there, so nothing is ever confirmed.
  const producer = createProducer({ url: "amqp://127.0.0.1:1", queue: "a.b", maxInFlight: 2, maxWaiting: 3, log });
  const waiting = Array.from({ length: 5 }, (_, n) => producer.enqueue(resize, { n }));
  const outcomes = Promise.allSettled(waiting);
  await expect(producer.enqueue(resize, { n: 5 })).rejects.toThrow(ProducerOverloaded);
  await producer.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(ProducerClosed) });
  }
  await expect(producer.enqueue(resize, { n: 6 })).rejects.toThrow(ProducerClosed);
});

test("a caller can give up waiting for the broker", async () => {
  const producer = createProducer({ url: "amqp://127.0.0.1:1", queue: "a.b", log });
  onTestFinished(() => producer.close());
  await expect(producer.enqueue(resize, { n: 1 }, { signal: AbortSignal.timeout(20) })).rejects.toThrow("timeout");
});

test("a mounted binding is all it needs, and a rotated password is followed", async () => {
  const queue = await createTestQueue();
  const { broker, vhost } = queue;
  const directory = await mkdtemp(join(tmpdir(), "binding-"));
  const writeBinding = async (password: string) => {
    const facts = { host: broker.host, port: broker.amqpPort, username: broker.username, password };
    const files = {
      ...facts,
      type: "rabbitmq",
      provider: "jobwright",
      port: `${facts.port}`,
      "virtual-host": vhost.name,
      uri: bindingUri({ ...facts, tls: false, vhost: vhost.name }),
      queue: queue.name,
    };
    for (const [name, text] of Object.entries(files)) {
      // Exchanged and not written over, as in a mounted Secret: no reader sees half a file.
      await writeFile(join(directory, `.${name}`), text);
      await rename(join(directory, `.${name}`), join(directory, name));
    }
  };
  await writeBinding("wrong");
  const producer = createProducer({ bindingDirectory: directory, log });
  onTestFinished(() => producer.close());
  const enqueued = producer.enqueue(resize, { n: 1 });
  await writeBinding(broker.password);
  await enqueued;
  expect(await queue.ready(queue.name)).toBe(1);
});
