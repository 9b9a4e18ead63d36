import { expect, test } from "vitest";
import { nap } from "./handlers/jobs.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

test("a changed template rolls the workers mid-work: nothing is repeated", async () => {
  const workspace = await createWorkspace("rollout");
  const { recorder } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ replicas: 3, scaling: { mode: "Manual" } });
  await workspace.workersReady(3);
  const before = new Set((await workspace.pods()).map(({ metadata }) => metadata.name));
  const producer = await workspace.producer();
  const jobs = await Promise.all(Array.from({ length: 24 }, (_, n) => producer.enqueue(nap, { ms: 1_500 + 100 * n })));
  await until("three workers are busy", () => recorder.running().length === 3);

  await workspace.applyPool({ replicas: 3, scaling: { mode: "Manual" } }, { CHANGED: "yes" });

  await until("no worker of the old template is left", async () =>
    (await workspace.pods()).every(({ metadata }) => !before.has(metadata.name)),
  );
  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  await workspace.workersReady(3);
  expect(recorder.repeated()).toEqual([]);
  expect(recorder.runs().filter(({ ending }) => ending === "finished")).toHaveLength(jobs.length);
  // Old and new workers took part, or nothing was rolled mid-work.
  expect(new Set(recorder.runs().map(({ pod }) => before.has(pod)))).toEqual(new Set([true, false]));
});
