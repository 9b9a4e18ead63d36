import { defineJob } from "@jobwright/worker-runtime";
import { controlQueue, type Heartbeat, protocolVersion } from "@jobwright/worker-runtime/contract";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { watchHeartbeats } from "../../../operator/src/broker/index.ts";
import { createTestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

test("a worker keeps to its share of the queue's rate, and hoards nothing", async () => {
  const queue = await createTestQueue();
  const startsMs: number[] = [];
  const job = defineJob({
    name: "resize",
    input: z.number(),
    run() {
      startsMs.push(performance.now());
    },
  });
  for (let count = 0; count < 60; count += 1) await queue.publish("resize", count);
  const rateLimit = { jobs: 80, perMs: 1_000, shares: 4 };
  const worker = await runWorker(queue, [job], { concurrency: 10, rateLimit });
  await until("half of the jobs", () => startsMs.length >= 30);
  // 20 a second, of which those of the next half second are at hand.
  expect(await queue.ready(queue.name)).toBeGreaterThanOrEqual(60 - startsMs.length - 16);
  await until("all jobs", () => startsMs.length === 60);
  for (const [index, at] of startsMs.entries()) {
    const secondsLater = startsMs[index + 20];
    if (secondsLater !== undefined) expect(secondsLater - at).toBeGreaterThan(900);
  }
  const tookMs = (startsMs.at(-1) ?? 0) - (startsMs[0] ?? 0);
  expect(tookMs).toBeGreaterThan(2_800);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("the operator sets another rate, which the worker reports and keeps to at once", async () => {
  const queue = await createTestQueue();
  const identity = { namespace: "media", pool: "resizers", pod: "resizers-1" };
  const beats: Heartbeat[] = [];
  const watch = watchHeartbeats(queue.operator, {
    onHeartbeat: (beat) => beats.push(beat),
    onUnreadable: () => {},
    onError: () => {},
  });
  onTestFinished(() => watch[Symbol.asyncDispose]());
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: z.number(),
    run() {
      runs += 1;
    },
  });
  for (let count = 0; count < 200; count += 1) await queue.publish("resize", count);
  const rateLimit = { jobs: 1, perMs: 3_600_000, shares: 1 };
  const worker = await runWorker(queue, [job], { concurrency: 2, identity, rateLimit });
  const channel = await queue.admin.createChannel();
  const setRate = (jobsPerSecond: number | null) => {
    const command = { version: protocolVersion, type: "SetRate", jobsPerSecond };
    channel.sendToQueue(controlQueue(identity), Buffer.from(JSON.stringify(command)));
  };
  await until("the first job", () => runs === 1);
  await until("its rate", () => beats.some(({ rate }) => rate === 1 / 3_600));
  // While nothing may start for an hour, everything is left to others.
  await until("nothing to be held", async () => (await queue.ready(queue.name)) === 199);
  setRate(20);
  await until("the new rate", () => beats.some(({ rate }) => rate === 20));
  await until("some jobs", () => runs >= 10);
  setRate(0);
  await until("none to start", () => beats.some(({ rate }) => rate === 0));
  const runsThen = runs;
  await until("what was held to be handed back", async () => (await queue.ready(queue.name)) === 200 - runsThen);
  expect(runs).toBe(runsThen);
  const metrics = await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  expect(metrics).toContain("\njobwright_rate_limit_jobs_per_second 0\n");
  setRate(null);
  await until("all jobs", () => runs === 200);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("a limit by key holds up its own key only: a moment in the worker, longer in the delay fabric, as the same attempt", async () => {
  const queue = await createTestQueue();
  const starts: { tenant: string; attempt: number; atMs: number }[] = [];
  const job = defineJob({
    name: "resize",
    input: z.object({ tenant: z.string() }),
    rateLimit: { jobs: 2, per: "2s", key: ({ tenant }) => tenant },
    async run({ tenant }, { attempt }) {
      starts.push({ tenant, attempt, atMs: performance.now() });
    },
  });
  for (let count = 0; count < 6; count += 1) await queue.publish("resize", { tenant: "acme" });
  for (const tenant of ["b", "c", "d"]) await queue.publish("resize", { tenant });
  const worker = await runWorker(queue, [job], { concurrency: 2 });
  await until("the other tenants", () => starts.filter(({ tenant }) => tenant !== "acme").length === 3);
  expect(starts.filter(({ tenant }) => tenant === "acme").length).toBeLessThan(6);
  await until("all jobs", () => starts.length === 9);
  expect(starts.every(({ attempt }) => attempt === 1)).toBe(true);
  const acme = starts.filter(({ tenant }) => tenant === "acme").map(({ atMs }) => atMs);
  for (const [index, at] of acme.entries()) {
    // Two at once, then one a second: at most three within two seconds, less what a busy machine begins the first one late.
    const later = acme[index + 3];
    if (later !== undefined) expect(later - at).toBeGreaterThan(1_500);
  }
  const metrics = await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  expect(metrics).toMatch(/jobwright_jobs_total{job="resize",outcome="deferred"} [1-9]/);
  expect(metrics).toContain('jobwright_jobs_total{job="resize",outcome="done"} 9');
  expect(await queue.leftBy(worker)).toBe(0);
});
