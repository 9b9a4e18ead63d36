import { createProducer, defineJob, type EnqueueOptions } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const input = z.object({ n: z.number() });
const resize = defineJob({ name: "resize", input, run() {} });

function produce(queue: TestQueue) {
  const producer = createProducer({
    url: queue.vhost.amqpUrl,
    queue: queue.name,
    log: pino({ level: process.env.LOG_LEVEL ?? "silent" }),
  });
  onTestFinished(() => producer.close());
  return producer;
}

test("delayed jobs run when they are due, never early, and soon after", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue);
  const startedAt = new Map<number, number>();
  const job = defineJob({ name: "resize", input, run: ({ n }) => startedAt.set(n, Date.now()) });
  await runWorker(queue, [job], { concurrency: 10 });
  const inMs = (ms: number) => ({ at: new Date(Date.now() + ms) });
  const schedules: { waitMs: number; options: () => EnqueueOptions }[] = [
    { waitMs: 1_000, options: () => ({ delay: "1s" }) },
    { waitMs: 1_500, options: () => ({ delay: "1500ms" }) },
    { waitMs: 2_200, options: () => inMs(2_200) },
    { waitMs: 3_000, options: () => ({ delay: "3s" }) },
    { waitMs: 0, options: () => inMs(-60_000) },
  ];
  const dueAt: number[] = [];
  for (const [n, { waitMs, options }] of schedules.entries()) {
    dueAt.push(Date.now() + waitMs);
    await producer.enqueue(resize, { n }, options());
  }
  await until("all of them", () => startedAt.size === schedules.length);
  for (const [n, due] of dueAt.entries()) {
    const lateMs = (startedAt.get(n) ?? 0) - due;
    // The broker's timers and ours differ by some ms. Late is what a busy machine makes it: no more than a wrong level of
    // the fabric would.
    expect(lateMs).toBeGreaterThanOrEqual(-5);
    expect(lateMs).toBeLessThan(15_000);
  }
});

test("what a producer says of a job reaches its handler", async () => {
  const queue = await createTestQueue("media.image-resize", ["high"]);
  const seen: unknown[] = [];
  const job = defineJob({
    name: "resize",
    input,
    run(_, { id, key, lane }) {
      seen.push({ id, key, lane });
    },
  });
  await runWorker(queue, [job], { lanes: [{ name: "high", weight: 3 }] });
  const producer = produce(queue);
  await producer.enqueue(resize, { n: 1 }, { id: "order-7/resize", key: "order-7", lane: "high" });
  await until("the run", () => seen.length === 1);
  await producer.enqueue(resize, { n: 2 }, { id: "later", lane: "high", delay: "1s" });
  await until("the delayed run", () => seen.length === 2);
  expect(seen).toEqual([
    { id: "order-7/resize", key: "order-7", lane: "high" },
    { id: "later", key: undefined, lane: "high" },
  ]);
});

test("a lane that the queue does not have is the work queue", async () => {
  const queue = await createTestQueue("media.image-resize", ["high"]);
  await produce(queue).enqueue(resize, { n: 1 }, { lane: "low" });
  expect(await queue.ready(queue.name)).toBe(1);
});

test("a job that is not started in time is dead-lettered instead", async () => {
  const queue = await createTestQueue();
  const producer = produce(queue);
  const expires = new Date(Date.now() + 200);
  await producer.enqueue(resize, { n: 1 }, { expires, key: "order-7", id: "m-1" });
  await until("its time to be over", () => Date.now() > expires.getTime());
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input,
    run() {
      runs += 1;
    },
  });
  await runWorker(queue, [job]);
  const letter = await queue.deadLetter();
  expect(letter.properties.messageId).toBe("m-1");
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("Expired");
  expect(headerOf(letter, header.key)).toBe("order-7");
  expect(runs).toBe(0);
});
