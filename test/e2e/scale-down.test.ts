import { expect, test } from "vitest";
import { nap } from "./handlers/jobs.ts";
import { kubectl } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace, name, type Workspace } from "./workspace.ts";

// Far less than a job takes: a worker that is removed while it works would be cut short, and its job be done again.
const drainTimeout = "1s";

/** Enqueues a job of each length. */
async function naps(workspace: Workspace, lengthsMs: readonly number[]): Promise<string[]> {
  const producer = await workspace.producer();
  return Promise.all(lengthsMs.map((ms) => producer.enqueue(nap, { ms })));
}

const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

/** Every job was started once and finished. */
function expectOnceEach({ recorder }: Workspace, jobs: readonly string[]): void {
  expect(recorder.repeated()).toEqual([]);
  expect(
    recorder
      .runs()
      .map(({ job, ending }) => [job, ending])
      .toSorted(),
  ).toEqual(jobs.map((job) => [job, "finished"]).toSorted());
}

test("10 → 1 workers by kubectl scale, mid-work: nothing is repeated", async () => {
  const workspace = await createWorkspace("scale");
  const { recorder, namespace } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ replicas: 10, drainTimeout, scaling: { mode: "Manual" } });
  await workspace.workersReady(10);
  const jobs = await naps(
    workspace,
    times(11, 0).map((_, index) => 3_000 + 500 * index),
  );
  await until("all ten workers are busy", () => new Set(recorder.running().map(({ pod }) => pod)).size === 10);

  await kubectl("scale", `workerpool/${name}`, "-n", namespace, "--replicas=1");

  await workspace.workersReady(1);
  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  expectOnceEach(workspace, jobs);
  expect((await workspace.pool())?.status?.decision).toMatchObject({ replicas: 1, reason: "Manual" });
});

test("10 → 0 workers in Auto mode, of jobs of 1 s and 45 s, while more of 1 s come: nothing is lost or repeated", async () => {
  const workspace = await createWorkspace("auto");
  const { recorder } = workspace;
  await workspace.applyQueue();
  const scaling = { targetWait: "2s", scaleDownDelay: "0s", idleDelay: "0s" };
  await workspace.applyPool({ maxReplicas: 10, drainTimeout, scaling });
  // No worker goes sooner than another could start, which a busy machine has been seen to need 21 s for.
  const jobs = await naps(workspace, [...times(4, 45_000), ...times(26, 1_000)]);
  await until("all jobs have started", () => recorder.runs().length === jobs.length);
  const last = await until("a worker is gone while others work", async () => {
    const running = recorder.running().length;
    const pods = (await workspace.pods()).length;
    return running > 0 && pods < 10 && { running, pods };
  });
  jobs.push(...(await naps(workspace, times(12, 1_000))));

  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  await until("the pool is at zero", async () => (await workspace.pods()).length === 0);
  expect(last.pods).toBeGreaterThanOrEqual(last.running);
  expectOnceEach(workspace, jobs);
});
