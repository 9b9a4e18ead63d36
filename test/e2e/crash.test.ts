import { expect, test } from "vitest";
import { killProcesses } from "./container-process.ts";
import { readDeadLetters } from "./dead-letters.ts";
import { crash, nap } from "./handlers/jobs.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

test("a worker killed mid-job: its job is done again, and none is lost", async () => {
  const workspace = await createWorkspace("kill");
  const { recorder } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ replicas: 2, scaling: { mode: "Manual" } });
  await workspace.workersReady(2);
  const producer = await workspace.producer();
  const jobs = await Promise.all(Array.from({ length: 6 }, () => producer.enqueue(nap, { ms: 3_000 })));
  const victim = await until("a job runs", () => recorder.running()[0]);
  const pod = (await workspace.pods()).find(({ metadata }) => metadata.name === victim.pod);
  if (pod === undefined) throw new Error(`no pod is called ${victim.pod}`);

  killProcesses(pod);

  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  expect(recorder.runs().filter(({ job }) => job === victim.job)).toMatchObject([
    { pod: victim.pod, attempt: 1, startedAtMs: victim.startedAtMs },
    // A crash is no failed attempt.
    { attempt: 1, ending: "finished" },
  ]);
  expect(recorder.repeated()).toHaveLength(1);
  await workspace.workersReady(2);
});

test("a job that always kills its worker ends in the dead-letter queue, and its neighbours are done", async () => {
  const workspace = await createWorkspace("poison");
  const { recorder } = workspace;
  await workspace.applyQueue({ deliveryLimit: 2 });
  await workspace.applyPool({ replicas: 3, scaling: { mode: "Manual" } });
  await workspace.workersReady(3);
  const producer = await workspace.producer();
  const poison = await producer.enqueue(crash, {});
  const others = await Promise.all(Array.from({ length: 20 }, () => producer.enqueue(nap, { ms: 200 })));

  const [letter] = await until("there is a dead letter", async () => {
    const letters = await readDeadLetters(workspace);
    return letters.length > 0 && letters;
  });
  await until("the other jobs are finished", () => recorder.unfinished(others).length === 0);
  expect(letter?.properties.message_id).toBe(poison);
  expect(await readDeadLetters(workspace)).toHaveLength(1);
  expect(recorder.runs().filter(({ job }) => job === poison)).toHaveLength(3);
  await until("the JobQueue's status counts it", async () => (await workspace.jobQueue())?.status?.jobs?.dead === 1);
});
