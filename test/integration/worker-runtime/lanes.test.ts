import { defineJob } from "@jobwright/worker-runtime";
import { laneRoutingKey } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

/** Fills a lane, or the work queue, with jobs whose input is the lane's name. */
async function fill(queue: TestQueue, lane: string, jobs: number): Promise<void> {
  const channel = await queue.admin.createConfirmChannel();
  const routingKey = lane === "none" ? "resize" : laneRoutingKey(lane, "resize");
  for (let count = 0; count < jobs; count += 1) {
    channel.publish(queue.name, routingKey, Buffer.from(JSON.stringify(lane)), { type: "resize", persistent: true });
  }
  await channel.waitForConfirms();
  await channel.close();
}

const lanes = [
  { name: "urgent", weight: 4 },
  { name: "bulk", weight: 2 },
];

function lanedQueue(): Promise<TestQueue> {
  return createTestQueue(
    undefined,
    lanes.map(({ name }) => name),
  );
}

/** Shares of the starts between the `from`-th and the `to`-th. */
function shares(starts: readonly string[], from: number, to: number) {
  const window = starts.slice(from, to);
  const share = (lane: string) => window.filter((each) => each === lane).length / window.length;
  return { urgent: share("urgent"), bulk: share("bulk"), none: share("none") };
}

// Again if it fails: on a machine that is busy with something else, a lane's jobs may come too late for their turns.
test.each([
  ["short jobs", 3, 4, 350, 100],
  ["longer jobs on many slots", 150, 20, 200, 100],
])("%s of full lanes start by weight", { retry: 2 }, async (_, ms, concurrency, each, from) => {
  const queue = await lanedQueue();
  const starts: string[] = [];
  const job = defineJob({
    name: "resize",
    input: z.string(),
    async run(lane, { lane: own }) {
      expect(own).toBe(lane === "none" ? undefined : lane);
      starts.push(lane);
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    },
  });
  for (const lane of ["none", "bulk", "urgent"]) await fill(queue, lane, each);
  const worker = await runWorker(queue, [job], { concurrency, lanes });
  // From the first to the last start at which each lane has work: urgent is empty after 7/4 of its jobs.
  const to = Math.floor((each * 7) / 4) - 20;
  await until("enough starts", () => starts.length >= to);
  const { urgent, bulk, none } = shares(starts, from, to);
  // Weights of 4, 2 and 1 (0.57, 0.29, 0.14), told from equal shares and from order of arrival on a busy machine too.
  expect(urgent).toBeGreaterThan(0.43);
  expect(urgent).toBeLessThan(0.7);
  expect(bulk).toBeGreaterThan(0.18);
  expect(bulk).toBeLessThan(0.4);
  expect(none).toBeGreaterThan(0.06);
  expect(none).toBeLessThan(0.26);
  await until("all jobs", () => starts.length === 3 * each);
  expect(await queue.leftBy(worker)).toBe(0);
});

test("long jobs of a full low lane neither fill the worker nor keep an urgent one from the next slot", async () => {
  const queue = await lanedQueue();
  const running: { sinceMs: number; end: () => void }[] = [];
  const starts: string[] = [];
  const job = defineJob({
    name: "resize",
    input: z.string(),
    run(lane) {
      starts.push(lane);
      return new Promise<void>((resolve) => running.push({ sinceMs: performance.now(), end: resolve }));
    },
  });
  await fill(queue, "bulk", 40);
  const worker = await runWorker(queue, [job], { concurrency: 3, lanes });
  await until("three running", () => starts.length === 3);
  // One candidate is at hand; a few more may have come while slots were free.
  await until("little held", async () => (await queue.ready(`${queue.name}.bulk`)) >= 34);
  await fill(queue, "urgent", 3);
  const metrics = async () => await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  for (const expected of [4, 5, 6]) {
    // Of jobs that went on for 5 s already, on a busy machine, none is kept at hand: the urgent lane is then asked first.
    const ready = /jobs_held\{lane="urgent"\} 1|jobs_held\{lane="bulk"\} 0/;
    await until("an urgent candidate", async () => ready.test(await metrics()));
    const { sinceMs = 0, end } = running.shift() ?? {};
    await until("the job to be a long one", () => performance.now() - sinceMs > 300);
    end?.();
    await until("the next start", () => starts.length === expected);
  }
  expect(starts.slice(3)).toEqual(["urgent", "urgent", "urgent"]);
  worker.cordon();
  for (const { end } of running.splice(0)) end();
  await until("drained", () => worker.state === "Drained");
  expect(running).toEqual([]);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
  // What it handed back, or what was on its way to it, may be a moment late.
  await until("all others to be left", async () => {
    const left = (await queue.ready(`${queue.name}.bulk`)) + (await queue.ready(`${queue.name}.urgent`));
    return left === 43 - starts.length;
  });
});

test("behind a job that goes on and on no lane keeps one at hand: others do it", async () => {
  const queue = await lanedQueue();
  const release = Promise.withResolvers<void>();
  const starts: string[] = [];
  const job = defineJob({
    name: "resize",
    input: z.string(),
    run(lane) {
      starts.push(lane);
      return starts.length === 1 ? release.promise : undefined;
    },
  });
  const busy = await runWorker(queue, [job], { lanes });
  await fill(queue, "none", 1);
  await until("the long job", () => starts.length === 1);
  for (const lane of ["none", "bulk", "urgent"]) await fill(queue, lane, 1);
  await until("one of each at hand", async () => (await queue.ready(`${queue.name}.urgent`)) === 0);
  const idle = await runWorker(queue, [job], { lanes });
  await until("the idle worker to do them", () => starts.length === 4);
  release.resolve();
  await idle.stop();
  expect(await queue.leftBy(busy)).toBe(0);
});

test("a retry comes back by its own lane", async () => {
  const queue = await lanedQueue();
  const runs: { lane: string | undefined; attempt: number }[] = [];
  const job = defineJob({
    name: "resize",
    input: z.string(),
    run(_, { lane, attempt }) {
      runs.push({ lane, attempt });
      if (attempt === 1) throw new Error("no");
    },
  });
  const worker = await runWorker(queue, [job], { lanes });
  await fill(queue, "urgent", 1);
  await until("the second attempt", () => runs.length === 2);
  expect(runs).toEqual([
    { lane: "urgent", attempt: 1 },
    { lane: "urgent", attempt: 2 },
  ]);
  const metrics = await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  expect(metrics).toContain('jobwright_lane_started_total{lane="urgent"} 2');
  expect(metrics).toContain('jobwright_jobs_held{lane="(none)"} 0');
});
