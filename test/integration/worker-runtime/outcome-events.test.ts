import { defineJob, RetryLater } from "@jobwright/worker-runtime";
import {
  deadLetterHeader,
  header,
  outcomeEvent,
  queueNames,
  repliesExchange,
} from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { quickRetry, runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const anything = z.unknown();
const once = { ...quickRetry, maxAttempts: 1 };

/** A queue as an application would have it, and what it got so far, with the routing key. */
async function listener(queue: TestQueue) {
  const channel = await queue.admin.createChannel();
  const { queue: mine } = await channel.assertQueue("", { exclusive: true });
  const heard: (z.infer<typeof outcomeEvent> & { routingKey: string; correlationId: unknown })[] = [];
  await channel.consume(
    mine,
    (message) => {
      if (message === null) return;
      const event = outcomeEvent.parse(JSON.parse(message.content.toString()));
      const { correlationId } = message.properties;
      heard.push({ ...event, routingKey: message.fields.routingKey, correlationId });
    },
    { noAck: true },
  );
  return { channel, heard, bind: (exchange: string, pattern = "#") => channel.bindQueue(mine, exchange, pattern) };
}

/** Listens from now on. @returns what was heard so far. */
async function follow(queue: TestQueue, exchange: string, pattern?: string) {
  const { heard, bind } = await listener(queue);
  await bind(exchange, pattern);
  return heard;
}

/** Fails the first attempt, succeeds with the second. */
const flaky = () =>
  defineJob({
    name: "resize",
    input: anything,
    output: z.object({ key: z.string() }),
    run(_, { attempt }) {
      if (attempt === 1) throw new TypeError("no such bucket");
      return { key: "small/a1" };
    },
  });

test("All: each attempt's outcome is told, with the producer's key, the error and the output", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, queueNames(queue.name).outcomeExchange);
  await runWorker(queue, [flaky()], { outcomes: "All" });
  await queue.publish("resize", {}, { messageId: "m-1", headers: { [header.key]: "order-7" } });
  await until("two events", () => heard.length === 2);
  const job = { id: "m-1", job: "resize", queue: queue.name, key: "order-7", correlationId: "m-1" };
  const error = { name: "TypeError", message: "no such bucket" };
  expect(heard).toMatchObject([
    { ...job, outcome: "retried", routingKey: "retried.resize", attempt: 1, error },
    { ...job, outcome: "done", routingKey: "done.resize", attempt: 2, output: { key: "small/a1" } },
  ]);
});

test("Failures: successes are not told; a dead letter is, with its reason", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, queueNames(queue.name).outcomeExchange);
  const last = defineJob({ name: "crop", input: anything, run: () => Promise.reject(new Error("no")) });
  await runWorker(queue, [flaky(), last], { outcomes: "Failures" });
  await queue.publish("resize", {}, { messageId: "m-1", headers: { [header.attempt]: 2 } });
  await queue.publish("crop", {}, { messageId: "m-2", headers: { [header.attempt]: 2 } });
  await queue.deadLetter();
  await until("the event", () => heard.length > 0);
  expect(heard).toMatchObject([
    { id: "m-2", outcome: "failed", error: { message: "no", reason: "AttemptsExhausted" } },
  ]);
});

test("a producer that asks for a reply gets one, whatever the policy; one that nobody listens to is no error", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, repliesExchange, "front-end.7");
  const worker = await runWorker(queue, [flaky()]);
  await queue.publish("resize", {}, { messageId: "m-1", replyTo: "front-end.7" });
  await queue.publish("resize", {}, { messageId: "m-2", replyTo: "nobody", headers: { [header.attempt]: 2 } });
  await until("the replies", () => heard.length === 2);
  expect(heard.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(["m-1 retried", "m-1 done"]);
  expect(await queue.leftBy(worker)).toBe(0);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
});

test("a reply is given up where the broker has no exchange for replies, and the job is done", async () => {
  const queue = await createTestQueue();
  await (await queue.admin.createChannel()).deleteExchange(repliesExchange);
  let runs = 0;
  const job = defineJob({ name: "resize", input: anything, run: () => ++runs });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", {}, { replyTo: "amq.gen-x" });
  await until("the run", () => runs === 1);
  expect(await queue.leftBy(worker)).toBe(0);
  expect(runs).toBe(1);
});

// Again if it fails: a busy broker may take longer to make an exchange and bind a queue to it than a worker waits.
test("an outcome event that cannot be stored keeps the job until it can", { retry: 2 }, async () => {
  const queue = await createTestQueue();
  const { outcomeExchange } = queueNames(queue.name);
  const { channel, heard, bind } = await listener(queue);
  await channel.deleteExchange(outcomeExchange);
  let runs = 0;
  const job = defineJob({ name: "resize", input: anything, run: () => ++runs });
  const { log, said } = memoryLog();
  const worker = await runWorker(queue, [job], { outcomes: "All" }, { log });
  await queue.publish("resize", {}, { messageId: "m-1" });
  await said("the outcome cannot be stored");
  // It is told again in half a second at the soonest: by then somebody listens.
  await channel.assertExchange(outcomeExchange, "topic");
  await bind(outcomeExchange);
  await until("the event", () => heard.length > 0);
  expect(heard).toMatchObject([{ id: "m-1", outcome: "done", output: 1 }]);
  expect(runs).toBe(1);
  expect(await queue.leftBy(worker)).toBe(0);
});

test.each([
  ["does not fit", { key: 7 }, "expected string, received number"],
  ["is not JSON", { key: "a", size: 7n }, "cannot be written as JSON"],
])("an output that %s is a failed attempt that says so", async (_, output, problem) => {
  const queue = await createTestQueue();
  const job = defineJob({
    name: "resize",
    input: anything,
    output: z.looseObject({ key: z.string() }),
    run: () => output as unknown as { key: string },
  });
  await runWorker(queue, [job], { retry: once });
  await queue.publish("resize", {});
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.errorName)).toBe("InvalidOutput");
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain(problem);
});

test("an output that nobody promised may be anything; what JSON cannot say is left out", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, queueNames(queue.name).outcomeExchange);
  await runWorker(queue, [defineJob({ name: "resize", input: anything, run: () => ({ size: 7n }) })], {
    outcomes: "All",
  });
  await queue.publish("resize", {});
  await until("the event", () => heard.length > 0);
  expect(heard[0]).toMatchObject({ outcome: "done" });
  expect(heard[0]).not.toHaveProperty("output");
});

test("progress is told at once, then the newest at most once a second", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, repliesExchange, "me");
  const told = Promise.withResolvers<void>();
  const job = defineJob({
    name: "resize",
    input: anything,
    async run(_, { progress }) {
      for (let step = 0; step <= 10; step += 1) progress(step / 10, `step ${step}`);
      await told.promise;
    },
  });
  await runWorker(queue, [job]);
  await queue.publish("resize", {}, { replyTo: "me" });
  await until("two reports", () => heard.length === 2);
  told.resolve();
  await until("the outcome", () => heard.length === 3);
  expect(heard).toMatchObject([
    { outcome: "progress", progress: { fraction: 0, note: "step 0" } },
    { outcome: "progress", progress: { fraction: 1, note: "step 10" } },
    { outcome: "done" },
  ]);
  const [first, second] = heard;
  // When they were told, not when they came.
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900);
});

test("a job that comes too late is dead-lettered instead of started", async () => {
  const queue = await createTestQueue();
  let runs = 0;
  await runWorker(queue, [defineJob({ name: "resize", input: anything, run: () => ++runs })]);
  await queue.publish("resize", {}, { headers: { [header.expiresAt]: Date.now() - 1 } });
  expect(headerOf(await queue.deadLetter(), deadLetterHeader.reason)).toBe("Expired");
  expect(runs).toBe(0);
});

test("a retry keeps the producer's key, expiry and reply address", async () => {
  const queue = await createTestQueue();
  const keys: unknown[] = [];
  const job = defineJob({
    name: "resize",
    input: anything,
    run(input, { key }) {
      keys.push(key);
      if (input === 1) throw new RetryLater({ after: "1s", input: 2 });
      throw new Error("no");
    },
  });
  await runWorker(queue, [job], { retry: once });
  const expiresAt = Date.now() + 60_000;
  const headers = { [header.key]: "order-7", [header.expiresAt]: expiresAt };
  await queue.publish("resize", 1, { headers, replyTo: "me" });
  const letter = await queue.deadLetter();
  expect(keys).toEqual(["order-7", "order-7"]);
  expect(headerOf(letter, header.expiresAt)).toBe(expiresAt);
  expect(letter.properties.replyTo).toBe("me");
});

test.each([
  ["an output", { output: "x".repeat(16 * 2 ** 20 - 10) }, "AttemptsExhausted"],
  ["an error's name", { name: "N".repeat(17 * 2 ** 20) }, "AttemptsExhausted"],
] as const)(
  "%s that an event cannot hold fails the job, and does not send it round and round",
  async (_, what, reason) => {
    const queue = await createTestQueue();
    let runs = 0;
    const job = defineJob({
      name: "resize",
      input: anything,
      output: anything,
      run() {
        runs += 1;
        if ("output" in what) return what.output;
        throw Object.assign(new Error("no"), what);
      },
    });
    await runWorker(queue, [job], { outcomes: "All", retry: once });
    await queue.publish("resize", {});
    expect(headerOf(await queue.deadLetter(), deadLetterHeader.reason)).toBe(reason);
    expect(runs).toBe(1);
  },
);

test("the failure of a job whose name fills a routing key is told by as much of it as fits", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, queueNames(queue.name).outcomeExchange);
  await runWorker(queue, [flaky()], { outcomes: "All" });
  await queue.publish("x".repeat(255), {});
  expect(headerOf(await queue.deadLetter(), deadLetterHeader.reason)).toBe("UnknownJob");
  await until("an event", () => heard.length === 1);
  expect(heard[0]).toMatchObject({ job: "x".repeat(255), routingKey: `failed.${"x".repeat(248)}` });
});

test("a note too long for a message is cut, and told", async () => {
  const queue = await createTestQueue();
  const heard = await follow(queue, queueNames(queue.name).outcomeExchange);
  const job = defineJob({
    name: "resize",
    input: anything,
    run: async (_, { progress }) => {
      progress(0.5, "x".repeat(17 * 2 ** 20));
      await until("the progress", () => heard.length === 1);
    },
  });
  await runWorker(queue, [job], { outcomes: "All" });
  await queue.publish("resize", {});
  await until("both events", () => heard.length === 2);
  expect(heard).toMatchObject([{ outcome: "progress", progress: { note: "x".repeat(2048) } }, { outcome: "done" }]);
});
