import { expect, onTestFinished, test } from "vitest";
import { readCluster } from "../cluster/index.ts";
import { installMonitoringKinds } from "../cluster/monitoring-kinds.ts";
import { nap } from "./handlers/jobs.ts";
import { install, operatorNamespace, previousChart, refusals, release, uninstall } from "./installation.ts";
import { apply, helm, kubectl } from "./kubectl.ts";
import { applyKustomization } from "./kustomized.ts";
import { watchLease } from "./lease-history.ts";
import { startSteadyLoad } from "./steady-load.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

test("uninstalled, the operator leaves queues, pools and jobs; installed by kustomize, it goes on with them", async () => {
  const workspace = await createWorkspace("chart");
  const { recorder, namespace } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool();
  await kubectl("wait", "workerpool/jobs", "-n", namespace, "--for=condition=Ready", "--timeout=60s");
  const producer = await workspace.producer();

  onTestFinished(() => install());
  expect(await uninstall()).toMatch(/kept due to the resource policy[\s\S]*jobqueues\.jobwright\.dev/);

  expect(await kubectl("get", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=jobwright")).toBe("");
  expect((await workspace.pool())?.metadata.deletionTimestamp).toBeUndefined();
  const jobs = await Promise.all(Array.from({ length: 5 }, () => producer.enqueue(nap, { ms: 10 })));
  expect(await kubectl("get", "jobwright", "-n", namespace)).toMatch(/jobqueue.*True(.|\n)*workerpool.*True/);
  await using _operator = await applyKustomization();
  await until("the jobs that came meanwhile are finished", () => recorder.unfinished(jobs).length === 0);
});

test("upgraded from the release before to a production installation, under load: no job is lost or repeated", async () => {
  await uninstall();
  onTestFinished(() => install());
  await installMonitoringKinds(readCluster().kubeconfig);
  await install({ chart: previousChart });
  const workspace = await createWorkspace("upgrade");
  const { recorder, client } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ scaling: { scaleDownDelay: "1m" } });
  const before = (await workspace.jobQueue())?.metadata.uid;
  await using history = await watchLease(client);
  const load = startSteadyLoad(await workspace.producer());
  await until("jobs run", () => recorder.runs().length > 5);

  await install({ values: ["examples/production/values.yaml"] });
  const tested = await helm("test", release, "--namespace", operatorNamespace, "--logs");
  const jobs = await load.end();

  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  expect(recorder.repeated()).toEqual([]);
  expect(recorder.runs().filter(({ ending }) => ending === "finished")).toHaveLength(jobs.length);
  expect((await workspace.jobQueue())?.metadata.uid).toBe(before);
  // The old leader handed the Lease back, so nobody had to wait until it expired.
  const led = history.holders.map(({ holder }) => holder);
  expect(led).toContain("");
  expect(led.at(-1)).not.toBe(led[0]);
  expect(tested).toMatch(/ok {6}custom resources: .*\n(.*\n)?ok {6}leader: .*\nok {6}broker: RabbitMQ 4/);
  const made = await kubectl("get", "podmonitors,networkpolicies,poddisruptionbudgets", "-n", operatorNamespace);
  for (const kind of ["podmonitor", "networkpolicy", "poddisruptionbudget"]) expect(made).toContain(`${kind}.`);
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
