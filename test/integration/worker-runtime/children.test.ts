import { defineJob, type Job } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { addressOfUri } from "../../../worker-runtime/src/broker/address.ts";
import { createAmqpProxy } from "./amqp-proxy.ts";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { quickRetry, runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const mail = defineJob({ name: "mail", input: z.object({ to: z.string() }), run() {} });
const once = { ...quickRetry, maxAttempts: 1 };

/** A queue of its own for the children, which nobody works on, and which takes none before it is bound. */
async function unboundQueue(queue: TestQueue) {
  const name = "media.mail";
  const channel = await queue.admin.createChannel();
  await channel.assertExchange(name, "topic", { durable: true });
  await channel.assertQueue(name, { durable: true, arguments: { "x-queue-type": "quorum" } });
  return {
    name,
    bind: () => channel.bindQueue(name, name, "#"),
    take: () => until("a child", () => channel.get(name, { noAck: true })),
  };
}

async function otherQueue(queue: TestQueue) {
  const other = await unboundQueue(queue);
  await other.bind();
  return other;
}

function parent(run: Job["run"]) {
  return defineJob({ name: "order", input: z.unknown(), run });
}

test("children are sent when the handler has succeeded, and run like any job", async () => {
  const queue = await createTestQueue();
  const ran: unknown[] = [];
  const child = defineJob({
    name: "mail",
    input: z.object({ to: z.string() }),
    run: (input, { id, key }) => ran.push([input, id, key]),
  });
  const ids: string[] = [];
  const order = parent(async (_, { enqueue }) => {
    ids.push(await enqueue(child, { to: "a" }, { key: "k" }));
    ids.push(await enqueue(child, { to: "b" }));
    await expectNothingRan();
  });
  const expectNothingRan = async () => expect(ran).toEqual([]);
  const worker = await runWorker(queue, [order, child], { concurrency: 4 });
  await queue.publish("order", {});
  await until("both children", () => ran.length === 2);
  expect(ran).toEqual(
    expect.arrayContaining([
      [{ to: "a" }, ids[0], "k"],
      [{ to: "b" }, ids[1], undefined],
    ]),
  );
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a handler that fails enqueues nothing", async () => {
  const queue = await createTestQueue();
  const other = await otherQueue(queue);
  const order = parent(async (_, { enqueue }) => {
    await enqueue(mail, { to: "a" }, { queue: other.name });
    throw new Error("no");
  });
  await runWorker(queue, [order], { retry: once });
  await queue.publish("order", {});
  await queue.deadLetter();
  expect(await queue.ready(other.name)).toBe(0);
});

test.each<[string, (job: Parameters<Job["run"]>[1]) => unknown, string]>([
  ["input does not fit", ({ enqueue }) => enqueue(mail, { to: 7 as unknown as string }), "expected string"],
  ["options are wrong", ({ enqueue }) => enqueue(mail, { to: "a" }, { delay: "soon" }), '"soon" is not a duration'],
])("a child whose %s fails the attempt, also if the handler does not wait for it", async (_, enqueue, problem) => {
  const queue = await createTestQueue();
  await runWorker(queue, [parent((_input, job) => void enqueue(job))], { retry: once });
  await queue.publish("order", {});
  expect(headerOf(await queue.deadLetter(), deadLetterHeader.errorMessage)).toContain(problem);
});

test("a child may be delayed, and expire, as a producer's job may", async () => {
  const queue = await createTestQueue();
  const other = await otherQueue(queue);
  const order = parent((_, { enqueue }) => enqueue(mail, { to: "a" }, { queue: other.name, expires: "1h" }));
  const due: number[] = [];
  const later = defineJob({ name: "later", input: z.unknown(), run: () => due.push(Date.now()) });
  const planner = defineJob({
    name: "plan",
    input: z.unknown(),
    run: (_, { enqueue }) => enqueue(later, {}, { delay: "1s" }),
  });
  await runWorker(queue, [order, planner, later]);
  const beforeMs = Date.now();
  await queue.publish("plan", {});
  await queue.publish("order", {});
  const child = await other.take();
  expect(headerOf(child, header.expiresAt)).toBeGreaterThanOrEqual(beforeMs + 3_600_000);
  await until("the delayed child", () => due.length === 1);
  expect(due[0]).toBeGreaterThanOrEqual(beforeMs + 1_000);
});

test("a crash between the children's confirms and the ack repeats them under the same ids", async () => {
  const queue = await createTestQueue();
  const other = await otherQueue(queue);
  const proxy = await createAmqpProxy(queue.vhost);
  let runs = 0;
  const order = parent(async (input, { enqueue }) => {
    if (input === "first") return await enqueue(mail, { to: "z" }, { queue: other.name });
    runs += 1;
    for (const to of ["a", "b"]) await enqueue(mail, { to }, { queue: other.name });
    // From here on the broker stores what it is sent, and its confirms get lost.
    if (runs === 1) proxy.silence("test-worker publish");
    return undefined;
  });
  const address = addressOfUri(proxy.amqpUrl);
  const worker = await runWorker(queue, [order], { address: async () => address });
  // Its connection for publishing is there.
  await queue.publish("order", "first");
  await other.take();
  await queue.publish("order", {}, { messageId: "order-7" });
  await until("the children to be stored", async () => (await queue.ready(other.name)) === 2);
  proxy.cut();
  await until("the children to be stored again", async () => (await queue.ready(other.name)) === 4);
  expect(runs).toBe(2);
  const ids: unknown[] = [];
  for (let taken = 0; taken < 4; taken += 1) ids.push((await other.take()).properties.messageId);
  expect(new Set(ids).size).toBe(2);
  expect(ids.slice(0, 2).sort()).toEqual(ids.slice(2).sort());
  expect(await queue.leftBy(worker)).toBe(0);
});

// Again if it fails: a busy broker may take longer to bind a queue than a worker tries.
test("children that no queue takes yet keep their parent until one does", { retry: 2 }, async () => {
  const queue = await createTestQueue();
  const other = await unboundQueue(queue);
  const { log, said } = memoryLog();
  let runs = 0;
  const order = parent((_, { enqueue }) => {
    runs += 1;
    return enqueue(mail, { to: "a" }, { queue: other.name });
  });
  const worker = await runWorker(queue, [order], {}, { log });
  await queue.publish("order", {});
  await said("the outcome cannot be stored");
  await other.bind();
  await other.take();
  // Its messages were tried again, not its handler.
  expect(runs).toBe(1);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a child that no queue ever takes is a failed attempt, whose dead letter says why", async () => {
  const queue = await createTestQueue();
  let runs = 0;
  const order = parent((_, { enqueue }) => {
    runs += 1;
    return enqueue(mail, { to: "a" }, { queue: "media.mail" });
  });
  await runWorker(queue, [order], { retry: once });
  await queue.publish("order", {});
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.errorName)).toBe("Unroutable");
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain("media.mail");
  expect(runs).toBe(1);
});

test("what a handler enqueues when it has ended is refused, also if it is the first that it enqueues", async () => {
  const queue = await createTestQueue();
  const late = Promise.withResolvers<unknown>();
  const ended = Promise.withResolvers<void>();
  const order = parent((_, job) => {
    void ended.promise.then(() => job.enqueue(mail, { to: "a" })).then(late.resolve, late.resolve);
  });
  const worker = await runWorker(queue, [order]);
  await queue.publish("order", {});
  await until("the job to be acked", async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
    return metrics.includes('jobwright_jobs_total{job="order",outcome="done"} 1');
  });
  ended.resolve();
  expect(await late.promise).toMatchObject({
    message: 'job.enqueue "mail": the handler has ended: await what it enqueues',
  });
});

test.each([["no queue's name"], ["x".repeat(300)], [5 as unknown as string]])(
  "%#: a child for what cannot be a queue fails its parent at once",
  async (name) => {
    const queue = await createTestQueue();
    await runWorker(queue, [parent((_, { enqueue }) => enqueue(mail, { to: "a" }, { queue: name }))], { retry: once });
    await queue.publish("order", {});
    const letter = await queue.deadLetter();
    expect(headerOf(letter, deadLetterHeader.errorName)).toBe("InvalidOptions");
    expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain("expected a resolved name");
  },
);
