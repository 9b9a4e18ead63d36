import { Unroutable } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { manage } from "../broker/index.ts";
import { nap } from "./handlers/jobs.ts";
import { kubectl } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace, name, type Workspace } from "./workspace.ts";

/** The names of the JobQueue's resources that are on the broker. */
async function onBroker({ broker, vhost, namespace }: Workspace): Promise<string[]> {
  const read = async (kind: string) =>
    (await manage(broker, "GET", `/api/${kind}/${encodeURIComponent(vhost.name)}`)) as { name: string }[];
  const all = await Promise.all(["exchanges", "queues", "policies"].map(read));
  return all
    .flat()
    .map((one) => one.name)
    .filter((one) => one.includes(namespace) && !one.startsWith("jobwright.control."));
}

/** The users on the broker that were made for the workspace. */
async function users({ broker, namespace }: Workspace): Promise<string[]> {
  const all = (await manage(broker, "GET", "/api/users")) as { name: string }[];
  return all.map((user) => user.name).filter((user) => user.startsWith(`${namespace}.`));
}

const isGone = (what: Promise<object | undefined>) => what.then((found) => found === undefined);

test("Retain: the queue stays with its jobs, and a new JobQueue of that name goes on with them", async () => {
  const workspace = await createWorkspace("retain");
  const { namespace, recorder } = workspace;
  await workspace.applyQueue({ deletionPolicy: "Retain" });
  const producer = await workspace.producer();
  const jobs = await Promise.all(Array.from({ length: 5 }, () => producer.enqueue(nap, { ms: 10 })));
  const before = await onBroker(workspace);

  await kubectl("delete", "jobqueue", name, "-n", namespace, "--timeout=30s");

  expect((await onBroker(workspace)).toSorted()).toEqual(before.toSorted());
  expect(await users(workspace)).toEqual([]);
  await workspace.applyQueue();
  await workspace.applyPool();
  await until("the jobs are finished", () => recorder.unfinished(jobs).length === 0);
});

test("Delete: everything is gone at once, with the jobs in it", async () => {
  const workspace = await createWorkspace("delete");
  await workspace.applyQueue({ deletionPolicy: "Delete" });
  const producer = await workspace.producer();
  await producer.enqueue(nap, { ms: 10 });

  await kubectl("delete", "jobqueue", name, "-n", workspace.namespace, "--timeout=30s");

  expect(await onBroker(workspace)).toEqual([]);
  expect(await users(workspace)).toEqual([]);
});

test("DeleteWhenEmpty: no job is taken any more, the backlog is finished, then all is gone; the pool after it", async () => {
  const workspace = await createWorkspace("empty");
  const { namespace, recorder } = workspace;
  await workspace.applyQueue({ deletionPolicy: "DeleteWhenEmpty" });
  await workspace.applyPool({ maxReplicas: 2 });
  const producer = await workspace.producer();
  const jobs = await Promise.all(Array.from({ length: 8 }, () => producer.enqueue(nap, { ms: 2_000 })));
  await until("a job runs", () => recorder.running().length > 0);

  await kubectl("delete", "jobqueue", name, "-n", namespace, "--wait=false");

  await until("the status says what it waits for", async () =>
    (await workspace.jobQueue())?.status?.conditions?.some(({ reason }) => reason === "WaitingForJobs"),
  );
  await expect(producer.enqueue(nap, { ms: 10 })).rejects.toThrow(Unroutable);
  await until("the JobQueue is gone", () => isGone(workspace.jobQueue()));
  expect(recorder.unfinished(jobs)).toEqual([]);
  expect(recorder.repeated()).toEqual([]);
  expect(await onBroker(workspace)).toEqual([]);
  await kubectl("delete", "workerpool", name, "-n", namespace, "--timeout=60s");
  expect(await workspace.pods()).toEqual([]);
  expect(await users(workspace)).toEqual([]);
});

test("a WorkerPool deleted mid-work: its workers finish what they run, then it is gone with their user", async () => {
  const workspace = await createWorkspace("pool");
  const { namespace, recorder } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ replicas: 2, scaling: { mode: "Manual" } });
  await workspace.workersReady(2);
  const producer = await workspace.producer();
  await Promise.all(Array.from({ length: 4 }, () => producer.enqueue(nap, { ms: 4_000 })));
  await until("two jobs run", () => recorder.running().length === 2);

  await kubectl("delete", "workerpool", name, "-n", namespace, "--timeout=60s");

  expect(recorder.runs().map(({ ending }) => ending)).toEqual(["finished", "finished"]);
  expect(await workspace.pods()).toEqual([]);
  expect(await users(workspace)).toEqual([`${namespace}.${name}.producer`]);
  await until("the other two wait", async () => (await workspace.jobQueue())?.status?.jobs?.waiting === 2);
});
