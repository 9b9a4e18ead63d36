import { createProducer, defineJob, MessageTooLarge, Nacked, RetryLater } from "@jobwright/worker-runtime";
import { bindingUri, delayParked, laneQueue, queueNames, returnsQueue } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { ensureTopology, type JobQueueOnBroker } from "../../../operator/src/broker/index.ts";
import { defaultSettings } from "../../../operator/src/broker/settings.ts";
import { readCluster } from "../../cluster/index.ts";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const lanes = [{ name: "urgent", weight: 4 }];
const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });

async function bound(queue: TestQueue, limits: JobQueueOnBroker["limits"]): Promise<void> {
  const settings = { ...defaultSettings, lanes: lanes.map(({ name }) => name) };
  await ensureTopology(queue.operator, { name: queue.name, ...settings, ...(limits && { limits }) }, { fresh: true });
}

function produce(queue: TestQueue) {
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name, log });
  onTestFinished(() => producer.close());
  return producer;
}

/** Enqueues until the queue takes it, as a patient producer would. */
async function insist(enqueue: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await enqueue();
      return;
    } catch (error) {
      if (!(error instanceof Nacked)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe.each(readCluster().brokers)("a bounded queue on RabbitMQ $version", (server) => {
  const freshQueue = () =>
    createTestQueue(
      undefined,
      lanes.map(({ name }) => name),
      server,
    );

  test("refuses a producer in words that say why, and takes its jobs again when there is room", async () => {
    const queue = await freshQueue();
    await bound(queue, { maxLength: 3 });
    const producer = produce(queue);
    const seen: number[] = [];
    const note = defineJob({ name: "note", input: z.number(), run: (n) => void seen.push(n) });
    const full = async () => {
      for (let n = 0; n < 20; n += 1) await producer.enqueue(note, n);
    };
    await expect(full()).rejects.toThrow(Nacked);
    await expect(producer.enqueue(note, 100)).rejects.toThrow(
      /its queue is full \(the JobQueue's limits\), or lost its quorum\. It is not stored: send it again later/,
    );
    await runWorker(queue, [note], { lanes, bounded: true });
    await insist(() => producer.enqueue(note, 200));
    await until("the job", () => seen.includes(200));
    expect(seen).not.toContain(100);
  });

  test("brings 200 jobs with retries through, with room for 10, and nothing is lost or stuck", async () => {
    const queue = await freshQueue();
    await bound(queue, { maxLength: 10 });
    const done = new Map<number, { lane: string | undefined; attempt: number }>();
    const later = new Set<number>();
    const job = defineJob({
      name: "resize",
      input: z.number(),
      run(n, { lane, attempt }) {
        if (attempt === 1) throw new Error("once more");
        if (n % 10 === 0 && !later.has(n)) {
          later.add(n);
          throw new RetryLater({ after: "1s" });
        }
        if (done.has(n)) throw new Error(`${n} ran twice`);
        done.set(n, { lane, attempt });
      },
    });
    const producer = produce(queue);
    let refusals = 0;
    const count = (error: unknown) => {
      refusals += 1;
      throw error;
    };
    // Not all at once: the broker refuses a burst only when it is over.
    const producing = Promise.all(
      Array.from({ length: 8 }, async (_, first) => {
        for (let n = first; n < 200; n += 8) {
          const placement = { ...(n % 2 === 0 ? { lane: "urgent" } : {}), ...(n % 5 === 0 ? { delay: "1s" } : {}) };
          await insist(() => producer.enqueue(job, n, placement).catch(count));
        }
      }),
    );
    await until("a full queue", () => refusals > 0);
    const worker = await runWorker(queue, [job], { concurrency: 4, lanes, bounded: true }, { circuitBreaker: false });
    await producing;
    await until("all jobs", () => done.size === 200);
    for (const [n, { lane, attempt }] of done) expect([lane, attempt]).toEqual([n % 2 === 0 ? "urgent" : undefined, 2]);
    const metrics = await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
    // 200 retries, 40 delayed jobs, 20 that asked to come later.
    expect(metrics).toContain('jobwright_lane_started_total{lane="(returns)"} 260');
    expect(await queue.leftBy(worker)).toBe(0);
    const { deadLetterQueue } = queueNames(queue.name);
    for (const each of [laneQueue(queue.name, "urgent"), returnsQueue(queue.name), deadLetterQueue, delayParked]) {
      expect(await queue.ready(each)).toBe(0);
    }
  });
});

test("a producer keeps to the largest body that its binding tells", async () => {
  const queue = await createTestQueue();
  const { address } = queue.operator;
  const { host, port, username, password, vhost } = address;
  const producer = createProducer({
    binding: {
      ...{ type: "rabbitmq", provider: "jobwright", host, port: String(port), username, password },
      "virtual-host": vhost,
      uri: bindingUri({ tls: false, host, port, username, password, vhost }),
      queue: queue.name,
      "max-message-bytes": "1024",
    },
    // Its own is larger: the smaller one holds.
    maxMessageBytes: 4_096,
    log,
  });
  onTestFinished(() => producer.close());
  const text = defineJob({ name: "text", input: z.string(), run() {} });
  await producer.enqueue(text, "x".repeat(1_000));
  const refused = producer.enqueue(text, "x".repeat(1_100));
  await expect(refused).rejects.toThrow(MessageTooLarge);
  await expect(refused).rejects.toThrow("has 1102 bytes, and at most 1024 are allowed");
  expect(await queue.ready(queue.name)).toBe(1);
});
