import { defineJob } from "@jobwright/worker-runtime";
import { deadLetterHeader, delayBindingKey, delayDeliveryExchange } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { addressOfUri } from "../../../worker-runtime/src/broker/address.ts";
import { createAmqpProxy } from "./amqp-proxy.ts";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { quickRetry, runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const anything = z.unknown();
const once = { ...quickRetry, maxAttempts: 1 };

test("a job is not acked before its dead letter is confirmed: a crash in between leaves two, not none", async () => {
  const queue = await createTestQueue();
  const proxy = await createAmqpProxy(queue.vhost);
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: anything,
    run(input) {
      if (input === "first") throw new Error("no");
      runs += 1;
      // From here on the broker stores what it is sent, and its confirms get lost.
      if (runs === 1) proxy.silence("test-worker publish");
      throw new Error("no");
    },
  });
  const address = addressOfUri(proxy.amqpUrl);
  const worker = await runWorker(queue, [job], { retry: once, address: async () => address });
  // Its connection for publishing is there.
  await queue.publish("resize", "first");
  await queue.deadLetter();
  await queue.publish("resize", {});
  await until("the copy to be stored", async () => (await queue.ready(`${queue.name}.dead`)) === 1);
  proxy.cut();
  await until("the job to be delivered again", () => runs === 2);
  await until("its second copy", async () => (await queue.ready(`${queue.name}.dead`)) === 2);
  expect(await queue.leftBy(worker)).toBe(0);
});

// Again if it fails: a busy broker may take longer to bind a queue than a worker tries.
test("a job whose outcome cannot be stored is kept until it can", { retry: 2 }, async () => {
  const queue = await createTestQueue();
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: anything,
    run() {
      runs += 1;
      throw new Error("no");
    },
  });
  const channel = await queue.admin.createChannel();
  // The dead letter is confirmed, but comes back as unroutable.
  await channel.unbindQueue(`${queue.name}.dead`, `${queue.name}.dlx`, "");
  const { log, said } = memoryLog();
  const worker = await runWorker(queue, [job], { retry: once }, { log });
  await queue.publish("resize", {});
  await said("the outcome cannot be stored");
  await channel.bindQueue(`${queue.name}.dead`, `${queue.name}.dlx`, "");
  expect(headerOf(await queue.deadLetter(), deadLetterHeader.reason)).toBe("AttemptsExhausted");
  // It tried again with the copy, not with the handler.
  expect(runs).toBe(1);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("without a delay fabric, a failing job goes back to its queue, and not in a hot loop", async () => {
  const queue = await createTestQueue();
  const channel = await queue.admin.createChannel();
  await channel.deleteExchange("jobwright.delay.27");
  const startedAt: number[] = [];
  const job = defineJob({
    name: "resize",
    input: anything,
    run() {
      startedAt.push(performance.now());
      if (startedAt.length === 1) throw new Error("no");
    },
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", {});
  const [first = 0, second = 0] = await until("the second run", () => startedAt.length === 2 && startedAt);
  expect(second - first).toBeGreaterThan(1_500);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a queue that is deleted and made again is consumed again, and what ran meanwhile is not disturbed", async () => {
  const queue = await createTestQueue();
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const ended: string[] = [];
  const job = defineJob({
    name: "resize",
    input: z.string(),
    async run(input, { signal }) {
      begun.resolve();
      if (input === "long") await release.promise;
      ended.push(`${input}${signal.aborted ? " aborted" : ""}`);
    },
  });
  const worker = await runWorker(queue, [job], { concurrency: 2 });
  await queue.publish("resize", "long");
  await begun.promise;
  const channel = await queue.admin.createChannel();
  await channel.deleteQueue(queue.name);
  await queue.ensure();
  await queue.publish("resize", "short");
  await until("the job of the new queue", () => ended.includes("short"));
  release.resolve();
  await until("the job of the old queue", () => ended.includes("long"));
  expect(await queue.leftBy(worker)).toBe(0);
});

test("connections closed by the broker mid-job: the handler is aborted, the job done again, nothing settled twice", async () => {
  const queue = await createTestQueue();
  const reasons: unknown[] = [];
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: anything,
    async run(_, { signal }) {
      runs += 1;
      if (runs > 1) return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      reasons.push(signal.reason);
      // Its delivery is lost, so that this success must not be told to the broker.
    },
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", {});
  await until("the first run", () => runs === 1);
  expect(await queue.closeConnections("test-worker consume")).toBe(1);
  await until("the second run", () => runs === 2);
  expect(reasons).toMatchObject([{ name: "DeliveryLost" }]);
  await queue.publish("resize", {});
  await until("the next job over the new connection", () => runs === 3);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a slot whose handler outlives its lost delivery is not given away", async () => {
  const queue = await createTestQueue();
  const release = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: anything,
    async run() {
      runs += 1;
      running += 1;
      most = Math.max(most, running);
      if (runs === 1) await release.promise;
      running -= 1;
    },
  });
  const worker = await runWorker(queue, [job]);
  await queue.publish("resize", {});
  await until("the first run", () => runs === 1);
  await queue.closeConnections("test-worker consume");
  await until("the job to be back", async () => (await queue.ready(queue.name)) === 1);
  release.resolve();
  await until("the second run", () => runs === 2);
  expect(most).toBe(1);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a worker that starts before its queue waits for it", async () => {
  const queue = await createTestQueue();
  const other = { ...queue, name: "media.later" };
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: anything,
    run() {
      runs += 1;
    },
  });
  await runWorker(other, [job]);
  const channel = await queue.admin.createChannel();
  await channel.assertQueue("media.later", { durable: true, arguments: { "x-queue-type": "quorum" } });
  await channel.bindQueue("media.later", delayDeliveryExchange, delayBindingKey("media.later"));
  channel.sendToQueue("media.later", Buffer.from("1"), { type: "resize" });
  await until("the job", () => runs === 1);
});
