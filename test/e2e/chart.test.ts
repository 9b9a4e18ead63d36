import { expect, onTestFinished, test } from "vitest";
import { nap } from "./handlers/jobs.ts";
import { install, refusals, uninstall } from "./installation.ts";
import { apply, kubectl } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

test("uninstalled, the operator leaves queues, pools and jobs; installed again, it goes on with them", async () => {
  const workspace = await createWorkspace("chart");
  const { recorder, namespace } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool();
  const producer = await workspace.producer();

  onTestFinished(install);
  await uninstall();

  expect(await kubectl("get", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=jobwright")).toBe("");
  expect((await workspace.pool())?.metadata.deletionTimestamp).toBeUndefined();
  const jobs = await Promise.all(Array.from({ length: 5 }, () => producer.enqueue(nap, { ms: 10 })));
  expect(await kubectl("get", "jobwright", "-n", namespace)).toMatch(/jobqueue.*True(.|\n)*workerpool.*True/);
  await install();
  await until("the jobs that came meanwhile are finished", () => recorder.unfinished(jobs).length === 0);
});

test("a JobQueue that names no broker is put on the one that the chart was given", async () => {
  const workspace = await createWorkspace("default");
  const { namespace } = workspace;
  await apply({
    apiVersion: "jobwright.dev/v1alpha1",
    kind: "JobQueue",
    metadata: { name: "plain", namespace },
    spec: { deletionPolicy: "Delete" },
  });
  await kubectl("wait", "jobqueue/plain", "-n", namespace, "--for=condition=Ready", "--timeout=30s");
});

test("the chart's roles are all that the operator needs", async () => {
  const refused = await refusals();
  expect(refused).toEqual([]);
});
