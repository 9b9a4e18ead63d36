import { expect, test } from "vitest";
import { nap } from "./handlers/jobs.ts";
import { kubectl } from "./kubectl.ts";
import { watchReplicas } from "./replica-history.ts";
import { until } from "./until.ts";
import { createWorkspace, name } from "./workspace.ts";

test("a burst wakes a pool at zero, is done, and the pool goes back to zero", async () => {
  const workspace = await createWorkspace("scaling");
  const { namespace, recorder } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ maxReplicas: 6 });
  await kubectl("wait", `workerpool/${name}`, "-n", namespace, "--for=condition=Ready", "--timeout=60s");
  expect(await workspace.pods()).toEqual([]);
  await using history = await watchReplicas(workspace);
  const producer = await workspace.producer();

  const jobs = await Promise.all(Array.from({ length: 30 }, () => producer.enqueue(nap, { ms: 500 })));
  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  await until("the pool is at zero again", async () => (await workspace.pods()).length === 0);

  const [asleep, woken] = history.steps;
  const whole = history.steps.find(({ replicas }) => replicas === 6);
  expect(asleep?.replicas).toBe(0);
  // One worker at the push, and all once the burst has come in.
  expect((whole?.atMs ?? Number.POSITIVE_INFINITY) - (woken?.atMs ?? 0)).toBeLessThan(5_000);
  expect(history.steps.at(-1)?.replicas).toBe(0);
  expect(recorder.repeated()).toEqual([]);
  expect(recorder.runs()).toHaveLength(jobs.length);
  const pool = await workspace.pool();
  expect(pool?.status?.decision).toMatchObject({ replicas: 0 });
  const events = await kubectl("get", "events", "-n", namespace, "--field-selector=involvedObject.kind=WorkerPool");
  expect(events).toMatch(/ScaledUp.* → 6 workers/);
  expect(events).toMatch(/ScaledDown.*→ 0 workers/);
  const table = await kubectl("get", "wp", "-n", namespace);
  expect(table).toMatch(/QUEUE +READY +REASON +WORKERS/);
  expect(table).toMatch(/jobs +jobs +True +AtZero +0/);
});
