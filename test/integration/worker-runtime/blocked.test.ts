import { createProducer, defineJob, ProducerOverloaded } from "@jobwright/worker-runtime";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { manage, type PrivateBroker, startPrivateBroker } from "../../broker/index.ts";
import { createTestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

// Alarms hold back every publisher of a broker, so this one belongs to these tests alone.
let broker: PrivateBroker;
beforeAll(async () => {
  broker = await startPrivateBroker();
}, 180_000);
afterAll(() => broker?.[Symbol.asyncDispose]());

const input = z.object({ n: z.number() });
const resize = defineJob({ name: "resize", input, run() {} });
const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });

const alarms = {
  memory: {
    raise: () => broker.control("set_vm_memory_high_watermark", "absolute", "1MB"),
    clear: () => broker.control("set_vm_memory_high_watermark", "0.6"),
  },
  disk: {
    raise: () => broker.control("set_disk_free_limit", "1000000GB"),
    clear: () => broker.control("set_disk_free_limit", "1MB"),
  },
};

/** Publishes until the broker says that it takes no more: an alarm is felt with the next message only. */
async function untilBlocked(vhost: string): Promise<void> {
  await until("the broker to hold the producer back", async () => {
    const all = (await manage(broker, "GET", `/api/vhosts/${encodeURIComponent(vhost)}/connections`)) as {
      state: string;
      client_properties?: { connection_name?: string };
    }[];
    return all.some(
      ({ state, client_properties }) =>
        client_properties?.connection_name?.endsWith("produce") && ["blocked", "blocking"].includes(state),
    );
  });
}

test.each(["memory", "disk"] as const)(
  "under a %s alarm a bounded number wait, callers can give up, and afterwards every job is there",
  { timeout: 180_000 },
  async (kind) => {
    const queue = await createTestQueue("media.image-resize", [], broker);
    const producer = createProducer({
      url: queue.vhost.amqpUrl,
      queue: queue.name,
      maxInFlight: 5,
      maxWaiting: 10,
      log,
    });
    onTestFinished(() => producer.close());
    const first = await producer.enqueue(resize, { n: 0 });

    await alarms[kind].raise();
    onTestFinished(async () => {
      await alarms[kind].clear();
    });
    const stored: string[] = [];
    const waiting = Array.from({ length: 15 }, (_, n) =>
      producer.enqueue(resize, { n }).then((id) => {
        stored.push(id);
      }),
    );
    await untilBlocked(queue.vhost.name);
    const storedWhenBlocked = stored.length;
    const room = Array.from({ length: storedWhenBlocked }, (_, n) =>
      producer.enqueue(resize, { n }).then((id) => {
        stored.push(id);
      }),
    );
    // In flight or in line, no more than they may.
    await expect(producer.enqueue(resize, { n: 99 })).rejects.toThrow(ProducerOverloaded);
    expect(stored.length).toBe(storedWhenBlocked);

    await alarms[kind].clear();
    await Promise.all([...waiting, ...room]);

    const seen = new Set<string>();
    const job = defineJob({ name: "resize", input, run: (_, { id }) => seen.add(id) });
    await runWorker(queue, [job], { concurrency: 10 });
    await until("every job to run", () => seen.size === 16 + storedWhenBlocked);
    expect(seen).toEqual(new Set([first, ...stored]));
  },
);

test("a caller with a deadline is let go while the broker is blocked, whether its job was sent or not", async () => {
  const queue = await createTestQueue("media.image-resize", [], broker);
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name, maxInFlight: 1, log });
  onTestFinished(() => producer.close());
  await producer.enqueue(resize, { n: 0 });
  await alarms.disk.raise();
  onTestFinished(async () => {
    await alarms.disk.clear();
  });
  const given = Array.from({ length: 3 }, (_, n) =>
    producer.enqueue(resize, { n }, { signal: AbortSignal.timeout(1_500) }),
  );
  for (const outcome of await Promise.allSettled(given)) expect(outcome.status).toBe("rejected");
}, 60_000);

test("a worker whose outcomes cannot be stored keeps its jobs until they can", { timeout: 180_000 }, async () => {
  const queue = await createTestQueue("media.image-resize", [], broker);
  await queue.publish("resize", { n: 1 }, { messageId: "m-1" });
  await alarms.disk.raise();
  onTestFinished(async () => {
    await alarms.disk.clear();
  });
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input,
    run() {
      runs += 1;
      throw new Error("it fails");
    },
  });
  const retry = { maxAttempts: 1, initialMs: 1, maxMs: 1, multiplier: 1, jitterPercent: 0 };
  await runWorker(queue, [job], { retry });
  await until("the run", () => runs === 1);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
  await alarms.disk.clear();
  expect((await queue.deadLetter()).properties.messageId).toBe("m-1");
  expect(runs).toBe(1);
});
