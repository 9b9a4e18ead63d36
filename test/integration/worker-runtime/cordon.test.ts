import { defineJob } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

test("30 rounds of cordon and uncordon under load dead-letter nothing and repeat nothing", async () => {
  const queue = await createTestQueue();
  const runsOf = new Map<number, number>();
  let running = 0;
  let most = 0;
  const held = Promise.withResolvers<void>();
  const job = defineJob({
    name: "resize",
    input: z.number(),
    async run(number) {
      runsOf.set(number, (runsOf.get(number) ?? 0) + 1);
      running += 1;
      most = Math.max(most, running);
      // The first job outlasts all rounds: what is prefetched beside it must not be handed back each time.
      if (number === 0) await held.promise;
      else await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
    },
  });
  const jobs = 400;
  for (let number = 0; number < jobs; number += 1) await queue.publish("resize", number);
  const worker = await runWorker(queue, [job], { concurrency: 3 });
  await until("the long job", () => runsOf.has(0));
  for (let round = 0; round < 30; round += 1) {
    worker.cordon();
    let waiting = -1;
    await until("it to take no more", async () => {
      const before = waiting;
      waiting = await queue.ready(queue.name);
      return running === 1 && waiting === before;
    });
    const before = runsOf.size;
    worker.uncordon();
    if (before < jobs) await until("some jobs between the rounds", () => runsOf.size > before);
  }
  held.resolve();
  await until("all jobs", () => runsOf.size === jobs);
  expect([...runsOf.values()].filter((runs) => runs !== 1)).toEqual([]);
  expect(most).toBe(3);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a cordoned worker finishes what runs, takes nothing more, and then says drained and not ready", async () => {
  const queue = await createTestQueue();
  const release = Promise.withResolvers<void>();
  const started: string[] = [];
  const job = defineJob({
    name: "resize",
    input: z.string(),
    async run(input) {
      started.push(input);
      if (input === "first") await release.promise;
    },
  });
  const worker = await runWorker(queue, [job], { concurrency: 2 });
  const ready = async () => (await fetch(`http://127.0.0.1:${worker.telemetryPort}/readyz`)).status;
  await queue.publish("resize", "first");
  await until("the first job", () => started.length === 1);
  worker.cordon();
  expect(worker.state).toBe("Cordoned");
  expect(await ready()).toBe(200);
  release.resolve();
  await until("drained", () => worker.state === "Drained");
  expect(await ready()).toBe(503);
  await queue.publish("resize", "second");
  expect(await queue.ready(queue.name)).toBe(1);
  expect(started).toEqual(["first"]);
  worker.uncordon();
  await until("the second job", () => started.length === 2);
  expect(await ready()).toBe(200);
});

test("a connection that comes back while cordoned brings no jobs", async () => {
  const queue = await createTestQueue();
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: z.unknown(),
    run() {
      runs += 1;
    },
  });
  const worker = await runWorker(queue, [job]);
  worker.cordon();
  await until("drained", () => worker.state === "Drained");
  await queue.closeConnections("test-worker consume");
  await queue.publish("resize", {});
  await queue.closeConnections("test-worker consume");
  expect(await queue.ready(queue.name)).toBe(1);
  worker.uncordon();
  await until("the job", () => runs === 1);
});
