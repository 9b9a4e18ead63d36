import { expect, onTestFinished, test } from "vitest";
import { nap } from "./handlers/jobs.ts";
import { apply, kubectl } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace, name } from "./workspace.ts";

test("a node is drained mid-work: its workers go one after the other, and nothing is repeated", async () => {
  const workspace = await createWorkspace("drain");
  const { recorder, namespace } = workspace;
  const node = (await kubectl("get", "nodes", "-o", "name")).trim();
  onTestFinished(() => kubectl("uncordon", node).then(() => {}));
  await workspace.applyQueue();
  await workspace.applyPool({ replicas: 2, scaling: { mode: "Manual" } });
  await workspace.workersReady(2);
  const before = new Set((await workspace.pods()).map(({ metadata }) => metadata.name));
  const producer = await workspace.producer();
  const jobs = await Promise.all(Array.from({ length: 16 }, (_, n) => producer.enqueue(nap, { ms: 2_000 + 50 * n })));
  await until("both workers are busy", () => recorder.running().length === 2);
  const budgets = async () =>
    (await kubectl("get", "poddisruptionbudgets", "-n", namespace, "-o", "name")).trim().split("\n");
  await until("the pool has its disruption budget", async () => (await budgets())[0]?.endsWith(name));

  const drained = kubectl("drain", node, `--pod-selector=jobwright.dev/pool=${name}`, "--timeout=120s");
  drained.catch(() => {});
  await until("a worker is told to go", async () => (await workspace.pods()).some(isLeaving));
  // There is no other node: the first one's successor waits for this one, and until it works, the other stays.
  const staying = (await workspace.pods()).filter((pod) => before.has(pod.metadata.name) && !isLeaving(pod));
  expect(staying).toHaveLength(1);
  await kubectl("uncordon", node);

  await drained;
  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  await workspace.workersReady(2);
  expect((await workspace.pods()).filter(({ metadata }) => before.has(metadata.name))).toEqual([]);
  expect(recorder.repeated()).toEqual([]);
  // Old and new workers took part, or nothing was drained mid-work.
  expect(new Set(recorder.runs().map(({ pod }) => before.has(pod)))).toEqual(new Set([true, false]));

  await apply({
    ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "mine", namespace } },
    spec: { maxUnavailable: 1, selector: { matchLabels: { "jobwright.dev/pool": name } } },
  });
  await until(
    "the pool's budget has gone for the user's",
    async () => (await budgets()).join() === "poddisruptionbudget.policy/mine",
  );
});

function isLeaving({ metadata }: { metadata: { deletionTimestamp?: string | undefined } }): boolean {
  return metadata.deletionTimestamp !== undefined;
}
