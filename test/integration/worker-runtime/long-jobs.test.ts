import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeliveryLost, defineJob } from "@jobwright/worker-runtime";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { BrokerAddress } from "../../../worker-runtime/src/broker/address.ts";
import { addressOfUri } from "../../../worker-runtime/src/broker/address.ts";
import { manage, startPrivateBroker } from "../../broker/index.ts";
import { isolated } from "./isolated-jobs.ts";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const anything = z.unknown();
/** Where a stop is to wait for the handler, however busy the machine. */
const drainTimeoutMs = 60_000;

/** AMQP heartbeats so often that the broker ends a silent connection within some seconds: after two that it missed. */
function quickHeartbeats(queue: TestQueue, heartbeat: number): { address: () => Promise<BrokerAddress> } {
  const { connect, socket } = addressOfUri(queue.vhost.amqpUrl);
  return { address: async () => ({ connect: { ...connect, heartbeat }, socket }) };
}

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    // Computes.
  }
}

test("heartbeats keep the connection of a handler that takes many times longer than they allow", async () => {
  const queue = await createTestQueue();
  const { log, lines } = memoryLog();
  let runs = 0;
  const long = defineJob({
    name: "long",
    input: anything,
    async run() {
      runs += 1;
      await sleep(8_000);
    },
  });
  const worker = await runWorker(queue, [long], { ...quickHeartbeats(queue, 2), drainTimeoutMs }, { log });
  await queue.publish("long", {});
  await until("the run", () => runs === 1);
  // Waits for the handler.
  expect(await queue.leftBy(worker)).toBe(0);
  expect(runs).toBe(1);
  expect(lines.filter(({ msg }) => msg === "connection lost")).toEqual([]);
});

test("a handler that blocks the event loop for too long loses its job to the next run, and the log tells why", async () => {
  const queue = await createTestQueue();
  const { log, said } = memoryLog();
  const signals: AbortSignal[] = [];
  const hog = defineJob({
    name: "hog",
    input: anything,
    async run(_, { signal }) {
      signals.push(signal);
      if (signals.length > 1) return;
      block(6_000);
      await until("the loss of the delivery", () => signal.aborted);
      signal.throwIfAborted();
    },
  });
  const worker = await runWorker(queue, [hog], quickHeartbeats(queue, 1), { log });
  await queue.publish("hog", {});
  await until("the second run", () => signals.length === 2);
  expect(signals[0]?.reason).toBeInstanceOf(DeliveryLost);
  expect(await said("the event loop was blocked")).toMatchObject({ jobs: ["hog"], lagSeconds: expect.any(Number) });
  expect(await said("the connection was lost because the event loop was blocked")).toMatchObject({
    heartbeatSeconds: 1,
  });
  const metrics = await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  expect(Number(/^jobwright_event_loop_lag_seconds (.*)$/m.exec(metrics)?.[1])).toBeGreaterThan(5);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("the same computation with isolate: true loses nothing, and other jobs go on meanwhile", async () => {
  const queue = await createTestQueue();
  const { log, lines } = memoryLog();
  const ticks: number[] = [];
  const tick = defineJob({
    name: "tick",
    input: anything,
    run() {
      ticks.push(performance.now());
    },
  });
  const module = join(import.meta.dirname, "isolated-jobs.ts");
  const settings = { ...quickHeartbeats(queue, 2), drainTimeoutMs, concurrency: 2, outcomes: "All" as const };
  const worker = await runWorker(queue, [isolated, tick], settings, { log, module });
  await queue.publish("isolated", { act: "compute", ms: 6_000 });
  await queue.publish("tick", {});
  await until("the other job", () => ticks.length === 1);
  expect(await queue.leftBy(worker)).toBe(0);
  // A busy machine may make the event loop wait for a second, but not for as long as the computation.
  const lost = ({ msg, lagSeconds = 0 }: Record<string, unknown>) =>
    /connection lost|try again/.test(`${msg}`) || Number(lagSeconds) > 5;
  expect(lines.filter(lost)).toEqual([]);
});

test("a handler that ignores its signal is reported, keeps its slot, and has failed when it ends", async () => {
  const queue = await createTestQueue();
  const { log, said, lines } = memoryLog();
  const events: string[] = [];
  const release = Promise.withResolvers<void>();
  const deaf = defineJob({
    name: "deaf",
    input: z.string(),
    timeout: "100ms",
    async run(which) {
      events.push(`${which} begins`);
      if (which === "deaf" && events.length === 1) await release.promise;
      events.push(`${which} ends`);
    },
  });
  const worker = await runWorker(queue, [deaf], {}, { log });
  await queue.publish("deaf", "deaf");
  await queue.publish("deaf", "next");
  expect(await said("goes on 5 s after its signal was aborted")).toMatchObject({
    reason: expect.stringContaining("100 ms"),
  });
  expect(events).toEqual(["deaf begins"]);
  release.resolve();
  await until("the retry", () => events.length === 6);
  expect(events).toEqual(["deaf begins", "deaf ends", "next begins", "next ends", "deaf begins", "deaf ends"]);
  expect(lines.find(({ msg }) => msg === "to be tried again")).toMatchObject({ err: { type: "JobTimedOut" } });
  expect(await queue.leftBy(worker)).toBe(0);
});

// RabbitMQ looks for such deliveries once a minute.
test("a handler beyond the broker's consumer timeout is aborted with the cause and its remedy, and the job is run again", async () => {
  const broker = await startPrivateBroker();
  onTestFinished(() => broker[Symbol.asyncDispose]());
  // A channel looks for deliveries that are held for too long once a minute: too seldom for a test.
  await broker.control("eval", "application:set_env(rabbit, channel_tick_interval, 1000).");
  const queue = await createTestQueue("media.image-resize", [], broker);
  const vhost = encodeURIComponent(queue.vhost.name);
  await manage(queue.broker, "PUT", `/api/policies/${vhost}/timeout`, {
    pattern: `^${queue.name.replace(".", "\\.")}$`,
    "apply-to": "queues",
    // Above the queue's own policy.
    priority: 1_000,
    definition: { "consumer-timeout": 2_000, "delivery-limit": 20 },
  });
  const { log, said } = memoryLog();
  const signals: AbortSignal[] = [];
  const long = defineJob({
    name: "long",
    input: anything,
    async run(_, { signal }) {
      signals.push(signal);
      if (signals.length === 1) await sleep(60_000, undefined, { signal });
    },
  });
  const worker = await runWorker(queue, [long], {}, { log });
  await queue.publish("long", {}, { messageId: "m-1" });
  await until("the second run", () => signals.length === 2);
  expect(signals[0]?.reason).toBeInstanceOf(DeliveryLost);
  expect(signals[0]?.reason).toMatchObject({
    consumerTimedOut: true,
    message: expect.stringMatching(/consumer timeout of 2 s: set spec\.maxJobDuration/),
  });
  expect(await said("the broker's consumer timeout has struck")).toMatchObject({
    oldest: [{ job: "long", id: "m-1", heldSeconds: expect.any(Number) }],
  });
  expect(await queue.leftBy(worker)).toBe(0);
});
