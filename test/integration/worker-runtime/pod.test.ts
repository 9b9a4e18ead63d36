import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProducer, defineJob, GiveUp } from "@jobwright/worker-runtime";
import { bindingUri, type Heartbeat, protocolVersion } from "@jobwright/worker-runtime/contract";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import {
  ensureUser,
  poolPermissions,
  producerPermissions,
  sendCommand,
  watchHeartbeats,
} from "../../../operator/src/broker/index.ts";
import { mountedSettings } from "../../../worker-runtime/src/configuration.ts";
import type { Job } from "../../../worker-runtime/src/job.ts";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { quickRetry, runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const identity = { namespace: "media", pool: "resizers", pod: "resizers-1" };

/** Runs a worker as the operator would: its own user with a pool's permissions, mounted files, heartbeats watched. */
async function runInPod(queue: TestQueue, jobs: readonly Job[], concurrency = 1) {
  const { broker, operator, vhost } = queue;
  const user = { username: `pool-${vhost.name}`, password: "a/password" };
  const permissions = poolPermissions({ queueName: queue.name, ...identity });
  await ensureUser(operator, { name: user.username, password: user.password, permissions });

  const directory = await mkdtemp(join(tmpdir(), "pod-"));
  const files = {
    "worker.json": JSON.stringify({
      version: protocolVersion,
      namespace: identity.namespace,
      pool: identity.pool,
      queue: queue.name,
      concurrency,
      retry: quickRetry,
      drainTimeoutMs: 10_000,
    }),
    type: "rabbitmq",
    provider: "jobwright",
    host: broker.host,
    port: `${broker.amqpPort}`,
    ...user,
    "virtual-host": vhost.name,
    uri: bindingUri({ ...user, tls: false, host: broker.host, port: broker.amqpPort, vhost: vhost.name }),
    queue: queue.name,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const beats: Heartbeat[] = [];
  const watch = watchHeartbeats(operator, {
    onHeartbeat: (beat) => beats.push(beat),
    onUnreadable: (routingKey, problem) => {
      throw new Error(`${routingKey}: ${problem}`);
    },
    onError: () => {},
  });
  onTestFinished(() => watch[Symbol.asyncDispose]());
  // What is told before it listens is not heard, the first heartbeat perhaps.
  await watch.ready;
  const settings = await mountedSettings(join(directory, "worker.json"), directory, {
    JOBWRIGHT_POD_NAME: identity.pod,
  });
  const worker = await runWorker(queue, jobs, settings);
  const beat = (what: string, matches: (beat: Heartbeat) => boolean) =>
    until(`a heartbeat: ${what}`, () => beats.find(matches));
  return { worker, beats, beat };
}

test("with a pool's permissions alone, a worker does its jobs, retries, dead-letters and reports", async () => {
  const queue = await createTestQueue();
  const resize = defineJob({
    name: "resize",
    input: z.enum(["fine", "broken", "hopeless"]),
    run(input) {
      if (input === "broken") throw new Error("no");
      if (input === "hopeless") throw new GiveUp("no");
    },
  });
  const { worker, beat, beats } = await runInPod(queue, [resize]);
  for (const input of ["fine", "broken", "hopeless"]) await queue.publish("resize", input);
  const last = await beat("all done", ({ busy, completed, failed }) => busy === 0 && completed + failed === 3);
  expect(last).toMatchObject({
    ...identity,
    state: "Running",
    slots: 1,
    started: 4,
    completed: 1,
    retried: 1,
    failed: 2,
  });
  expect(last.oldestRunningSeconds).toBeNull();
  expect(last.waitSecondsSum).toBeGreaterThan(0);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(2);
  expect(await queue.leftBy(worker)).toBe(0);
  await beat("stopped", ({ state }) => state === "Stopped");
  expect(beats.map(({ sequence }) => sequence)).toEqual(beats.map((_, index) => index));
});

// Again if it fails: on a busy machine what is told at once may be no sooner than what is told every two seconds.
test("the operator cordons and uncordons it by command; it says at once when it is drained", { retry: 2 }, async () => {
  const queue = await createTestQueue();
  const release = Promise.withResolvers<void>();
  const resize = defineJob({ name: "resize", input: z.unknown(), run: () => release.promise });
  const { worker, beat, beats } = await runInPod(queue, [resize]);
  await queue.publish("resize", {});
  await beat("busy", ({ busy }) => busy === 1);
  expect(await sendCommand(queue.operator, identity, "Cordon")).toEqual({ routed: true });
  const cordoned = await beat("cordoned", ({ state }) => state === "Cordoned");
  expect(cordoned.oldestRunningSeconds).toBeGreaterThan(0);
  const told = beats.length;
  await until("the next of its regular heartbeats", () => beats.length > told);
  const endedAt = performance.now();
  release.resolve();
  await beat("drained", ({ state }) => state === "Drained");
  expect(performance.now() - endedAt).toBeLessThan(1_500);
  const seen = beats.length;
  await sendCommand(queue.operator, identity, "Uncordon");
  await until("running again", () => beats.slice(seen).find(({ state }) => state === "Running"));
  await queue.publish("resize", {});
  await until("both done", () => beats.find(({ completed }) => completed === 2));
  expect(worker.state).toBe("Running");
});

test("short jobs, after each of which it is idle, do not make it report each time", async () => {
  const queue = await createTestQueue();
  const resize = defineJob({ name: "resize", input: z.unknown(), run() {} });
  const { beat, beats } = await runInPod(queue, [resize]);
  const startedAt = performance.now();
  for (let count = 0; count < 200; count += 1) await queue.publish("resize", {});
  await beat("all done", ({ completed, busy }) => completed === 200 && busy === 0);
  expect(beats.length).toBeLessThan(5 + (performance.now() - startedAt) / 200);
});

test("commands and heartbeats come back after a lost connection", async () => {
  const queue = await createTestQueue();
  const resize = defineJob({ name: "resize", input: z.unknown(), run() {} });
  const { worker, beats } = await runInPod(queue, [resize]);
  await queue.closeConnections("resizers-1 consume");
  await queue.closeConnections("resizers-1 publish");
  const seen = beats.length;
  await until("a heartbeat", () => beats.length > seen);
  await until("a command to be routed", async () => (await sendCommand(queue.operator, identity, "Cordon")).routed);
  await until("drained", () => worker.state === "Drained");
});

test("with a producer's permissions alone, jobs can be enqueued", async () => {
  const queue = await createTestQueue();
  const { broker, vhost } = queue;
  const user = { username: `producer-${vhost.name}`, password: "a/password" };
  const permissions = producerPermissions({ queueName: queue.name });
  await ensureUser(queue.operator, { name: user.username, password: user.password, permissions });
  const url = bindingUri({ ...user, tls: false, host: broker.host, port: broker.amqpPort, vhost: vhost.name });
  await using producer = createProducer({ url, queue: queue.name });
  await producer.enqueue(defineJob({ name: "resize", input: z.unknown(), run() {} }), {});
  expect(await queue.ready(queue.name)).toBe(1);
});
