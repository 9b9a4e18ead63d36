import { defineJob } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

async function fill(queue: TestQueue, inputs: readonly unknown[]): Promise<void> {
  const channel = await queue.admin.createConfirmChannel();
  for (const input of inputs) {
    channel.publish(queue.name, "resize", Buffer.from(JSON.stringify(input)), { type: "resize", persistent: true });
  }
  await channel.waitForConfirms();
  await channel.close();
}

async function metricOf({ telemetryPort }: { telemetryPort: number }, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${telemetryPort}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`jobwright_${name} `));
  return Number(line?.split(" ").at(-1));
}

test("short jobs are taken ahead; behind a long one they are handed back, to be done by another worker", async () => {
  const queue = await createTestQueue();
  const release = Promise.withResolvers<void>();
  const done: string[] = [];
  let isLong = false;
  const jobOf = (worker: string) =>
    defineJob({
      name: "resize",
      input: z.enum(["short", "long"]),
      async run(input) {
        if (input === "long") {
          isLong = true;
          await release.promise;
        }
        done.push(`${worker} ${input}`);
      },
    });
  await fill(queue, [...Array(3_000).fill("short"), "long", ...Array(200).fill("short")]);
  const first = await runWorker(queue, [jobOf("first")], { worker: "first" });
  await until("the long job", () => isLong);
  const second = await runWorker(queue, [jobOf("second")], { worker: "second" });
  await until("all short jobs", () => done.length === 3_200);
  // It had taken some ahead, and takes none ahead now.
  expect(await metricOf(first, "jobs_handed_back_total")).toBeGreaterThan(0);
  expect(await metricOf(first, "prefetch_extra")).toBe(0);
  expect(await metricOf(first, 'jobs_held{lane="(none)"}')).toBe(0);
  release.resolve();
  await until("the long job", () => done.includes("first long"));
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
  await first.stop();
  expect(await queue.leftBy(second)).toBe(0);
});

test("of long jobs a worker takes no more than it runs", async () => {
  const queue = await createTestQueue();
  const running: { sinceMs: number; end: () => void }[] = [];
  const job = defineJob({
    name: "resize",
    input: z.number(),
    run: () => new Promise<void>((end) => running.push({ sinceMs: performance.now(), end })),
  });
  await fill(
    queue,
    Array.from({ length: 10 }, (_, number) => number),
  );
  const worker = await runWorker(queue, [job], { concurrency: 2 });
  for (const started of [2, 3, 4]) {
    await until("two running", () => running.length === started);
    expect(await queue.ready(queue.name)).toBe(10 - started);
    const { sinceMs = 0, end } = running[started - 2] ?? {};
    await until("it to be a long one", () => performance.now() - sinceMs > 300);
    end?.();
  }
  await until("two running", () => running.length === 5);
  expect(await queue.ready(queue.name)).toBe(5);
  worker.cordon();
  for (const { end } of running) end();
  await until("drained", () => worker.state === "Drained");
  expect(running.length).toBe(5);
  expect(await metricOf(worker, "jobs_handed_back_total")).toBe(0);
});

// Again if it fails: on a machine that is busy with something else, half a second may be too little for them.
test("cordoned while it holds short jobs, a worker does them rather than hand them back", { retry: 2 }, async () => {
  const queue = await createTestQueue();
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: z.number(),
    async run() {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
    },
  });
  await fill(
    queue,
    Array.from({ length: 3_000 }, (_, number) => number),
  );
  const worker = await runWorker(queue, [job], { concurrency: 2 });
  await until("jobs to be taken ahead", async () => (await metricOf(worker, "prefetch_extra")) > 0);
  worker.cordon();
  await until("drained", () => worker.state === "Drained");
  expect(await metricOf(worker, "jobs_handed_back_total")).toBe(0);
  // What the broker had sent when it heard of it comes back when the channel is closed.
  await until("the others to be in the queue", async () => (await queue.ready(queue.name)) === 3_000 - runs);
});
