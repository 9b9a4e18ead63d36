import { defineJob } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

test("at the drain deadline, a handler that leaves because of its signal gives its job back as it was", async () => {
  const queue = await createTestQueue();
  const reasons: unknown[] = [];
  const attempts: number[] = [];
  const job = defineJob({
    name: "resize",
    input: z.unknown(),
    async run(_, { signal, attempt }) {
      attempts.push(attempt);
      if (attempts.length > 1) return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      reasons.push(signal.reason);
      signal.throwIfAborted();
    },
  });
  const first = await runWorker(queue, [job], { drainTimeoutMs: 600 });
  await queue.publish("resize", {});
  await until("the job", () => attempts.length === 1);
  await first.stop();
  expect(reasons).toMatchObject([{ name: "DrainDeadline" }]);
  const second = await runWorker(queue, [job]);
  await until("the job again", () => attempts.length === 2);
  expect(attempts).toEqual([1, 1]);
  expect(await queue.leftBy(second)).toBe(0);
});

test("a handler that ignores its signal cannot keep a worker past its drain timeout", async () => {
  const queue = await createTestQueue();
  const release = Promise.withResolvers<void>();
  let runs = 0;
  const job = defineJob({
    name: "resize",
    input: z.unknown(),
    run() {
      runs += 1;
      return release.promise;
    },
  });
  const worker = await runWorker(queue, [job], { drainTimeoutMs: 1_000 });
  await queue.publish("resize", {});
  await until("the job", () => runs === 1);
  // As long as that handler runs, without a limit.
  await worker.stop();
  expect(worker.state).toBe("Stopped");
  await until("the job to be back", async () => (await queue.ready(queue.name)) === 1);
  release.resolve();
});

test("metrics tell what was done, and health what the process is", async () => {
  const queue = await createTestQueue();
  const release = Promise.withResolvers<void>();
  const job = defineJob({
    name: "resize",
    input: z.enum(["fine", "broken", "long"]),
    run(input) {
      if (input === "broken") throw new Error("no");
      return input === "long" ? release.promise : undefined;
    },
  });
  const worker = await runWorker(queue, [job], { concurrency: 2 });
  const at = (path: string) => fetch(`http://127.0.0.1:${worker.telemetryPort}${path}`);
  for (const input of ["fine", "broken"]) await queue.publish("resize", input);
  await queue.publish("crop", {});
  await queue.publish("resize", "long");
  const metrics = await until("all four in the metrics", async () => {
    const text = await (await at("/metrics")).text();
    return text.includes('jobwright_jobs_total{job="(unknown)"') && text.includes('_in_flight{job="resize"} 1') && text;
  });
  for (const line of [
    'jobwright_jobs_total{job="resize",outcome="done"} 1',
    'jobwright_jobs_total{job="resize",outcome="retried"} 1',
    'jobwright_jobs_total{job="(unknown)",outcome="failed"} 1',
    'jobwright_job_duration_seconds_count{job="resize"} 2',
  ]) {
    expect(metrics).toContain(line);
  }
  expect(metrics).toMatch(/jobwright_job_wait_seconds_sum{job="resize"} \d/);
  expect(metrics).toContain("nodejs_eventloop_lag_seconds");
  expect((await at("/healthz")).status).toBe(200);
  expect((await at("/readyz")).status).toBe(200);
  expect((await at("/else")).status).toBe(404);
  release.resolve();
});
