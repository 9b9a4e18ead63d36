import { createProducer, defineJob } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { JobContext } from "../../../worker-runtime/src/job.ts";
import { manage } from "../../broker/index.ts";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const once = { maxAttempts: 1, initialMs: 1, maxMs: 1, multiplier: 1, jitterPercent: 0 };
const anything = z.unknown();

function job(run: (input: unknown, job: JobContext) => unknown) {
  return defineJob({ name: "awkward", input: anything, run });
}

/** Thrown in place of an Error, or an Error that is hard to tell. */
const thrown: [string, () => unknown, string | RegExp][] = [
  ["undefined", () => undefined, "a handler threw undefined"],
  ["null", () => null, "a handler threw null"],
  ["text", () => "just text", "just text"],
  ["a BigInt", () => 12n, "a handler threw 12n"],
  ["what holds itself", () => circle(), /a handler threw <ref \*1> \{ self: \[Circular \*1\] \}/],
  ["an error whose cause is itself", () => causedByItself(), "round and round"],
  ["an error with a BigInt and a function", () => Object.assign(new Error("odd"), { count: 1n, call() {} }), "odd"],
  ["an error whose message is no text", () => Object.assign(new Error(), { message: { code: 7 } }), /code: 7/],
  ["an error of 5 MB", () => new Error("x".repeat(5_000_000)), /^x{2048}$/],
];

function circle(): unknown {
  const self: { self?: unknown } = {};
  self.self = self;
  return self;
}

function causedByItself(): Error {
  const error = new Error("round and round");
  error.cause = error;
  return error;
}

test("whatever a handler throws, the job is dead-lettered with what can be told of it, and the next is run", async () => {
  const queue = await createTestQueue();
  const { log } = memoryLog();
  const awkward = job((input) => {
    throw thrown[Number(input)]?.[1]();
  });
  const worker = await runWorker(queue, [awkward], { retry: once }, { log });
  for (const [index, [what, , told]] of thrown.entries()) {
    await queue.publish("awkward", index);
    const letter = await queue.deadLetter();
    expect(letter.content.toString(), what).toBe(`${index}`);
    const message = headerOf(letter, deadLetterHeader.errorMessage);
    expect(message, what).toEqual(typeof told === "string" ? told : expect.stringMatching(told));
  }
  expect(await queue.leftBy(worker)).toBe(0);
});

test("what a handler returns need not be JSON unless the job says what it returns", async () => {
  const queue = await createTestQueue();
  const returned = [1n, circle(), () => {}, Symbol("s"), new Map([[1, 2]])];
  const free = job((input) => returned[Number(input)]);
  const promised = defineJob({
    name: "promised",
    input: anything,
    output: z.object({ count: z.bigint() }),
    run: () => ({ count: 1n }),
  });
  const worker = await runWorker(queue, [free, promised], { retry: once, outcomes: "All" });
  for (const index of returned.keys()) await queue.publish("awkward", index);
  await queue.publish("promised", null);
  const letter = await queue.deadLetter();
  expect(letter.properties.type).toBe("promised");
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain(
    'the output of "promised" cannot be written as JSON',
  );
  expect(await queue.leftBy(worker)).toBe(0);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
});

test("10 MB go through: enqueued, tried twice, dead-lettered as they were", async () => {
  const queue = await createTestQueue();
  const attempts: number[] = [];
  const large = defineJob({
    name: "awkward",
    input: z.object({ text: z.string() }),
    run({ text }, { attempt }) {
      attempts.push(attempt);
      throw new Error(`${text.length} characters`);
    },
  });
  const worker = await runWorker(queue, [large]);
  await using producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name });
  const text = "ä".repeat(5 * 1024 * 1024);
  await producer.enqueue(large, { text });
  const letter = await queue.deadLetter();
  expect(attempts).toEqual([1, 2]);
  expect(JSON.parse(letter.content.toString()).text === text).toBe(true);
  expect(headerOf(letter, deadLetterHeader.errorMessage)).toBe("5242880 characters");
  expect(await queue.leftBy(worker)).toBe(0);
});

test("headers beyond what can be published again do not stop a job: the largest is left out of its copies", async () => {
  const queue = await createTestQueue();
  const { log, lines } = memoryLog();
  const attempts: number[] = [];
  const failing = job((_, { attempt }) => {
    attempts.push(attempt);
    throw new Error("no");
  });
  const worker = await runWorker(queue, [failing], {}, { log });
  const headers = { tenant: "acme", notes: "n".repeat(20_000), blob: "b".repeat(100_000), [header.key]: "order-7" };
  // Over HTTP, since amqplib cannot write as many. The answer is not waited for: RabbitMQ 3.10 was once seen to give none.
  const vhost = encodeURIComponent(queue.vhost.name);
  const published = manage(queue.broker, "POST", `/api/exchanges/${vhost}/${queue.name}/publish`, {
    routing_key: "awkward",
    payload: "{}",
    payload_encoding: "string",
    properties: { headers, message_id: "m-1", delivery_mode: 2 },
  });
  const refused = new Promise<never>((_, reject) => published.catch(reject));
  const letter = await Promise.race([queue.deadLetter(), refused]);
  expect(attempts).toEqual([1, 2]);
  expect(headerOf(letter, "tenant")).toBe("acme");
  expect(headerOf(letter, "notes")).toHaveLength(20_000);
  expect(headerOf(letter, header.key)).toBe("order-7");
  expect(headerOf(letter, "blob")).toBeUndefined();
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("AttemptsExhausted");
  expect(lines.filter(({ msg }) => `${msg}`.includes("cannot be stored"))).toEqual([]);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a handler that gives no sign of life for its heartbeatTimeout has failed; one that does may take its time", async () => {
  const queue = await createTestQueue();
  const done: unknown[] = [];
  const crawl = defineJob({
    name: "crawl",
    input: z.enum(["silent", "alive"]),
    heartbeatTimeout: "1s",
    async run(how, { signal, heartbeat }) {
      if (how === "silent") {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
      }
      const beats = setInterval(heartbeat, 100);
      onTestFinished(() => clearInterval(beats));
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      clearInterval(beats);
      done.push(how);
    },
  });
  const worker = await runWorker(queue, [crawl], { retry: once, concurrency: 2 });
  await queue.publish("crawl", "silent");
  await queue.publish("crawl", "alive");
  const letter = await queue.deadLetter();
  expect(letter.content.toString()).toBe('"silent"');
  expect(headerOf(letter, deadLetterHeader.errorName)).toBe("JobHung");
  await until("the handler that lives to end", () => done.length === 1);
  expect(done).toEqual(["alive"]);
  expect(await queue.leftBy(worker)).toBe(0);
});
