import { expect, test } from "vitest";
import { flaky, nap } from "./handlers/jobs.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

test("RabbitMQ 3.10: from zero, 50 jobs with a retry among them, and back to zero", async () => {
  const workspace = await createWorkspace("oldest", "3.10");
  const { recorder } = workspace;
  await workspace.applyQueue();
  expect((await workspace.jobQueue())?.status?.brokerVersion).toMatch(/^3\.10\./);
  await workspace.applyPool({ maxReplicas: 3, concurrency: 2 });
  const producer = await workspace.producer();
  const jobs = await Promise.all([
    ...Array.from({ length: 49 }, () => producer.enqueue(nap, { ms: 200 })),
    producer.enqueue(flaky, { failures: 1 }),
  ]);

  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  await until("the pool is at zero", async () => (await workspace.pods()).length === 0);
  expect(recorder.repeated()).toEqual([]);
  expect(recorder.runs()).toHaveLength(51);
});
