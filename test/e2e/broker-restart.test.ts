import { expect, test } from "vitest";
import { killBroker, startBroker } from "../broker/index.ts";
import { flaky, nap } from "./handlers/jobs.ts";
import { kubectl } from "./kubectl.ts";
import { watchReplicas } from "./replica-history.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

const count = 2_000;

test("RabbitMQ is killed and started again under load: nothing is lost, and the pool stays", async () => {
  const workspace = await createWorkspace("restart");
  const { recorder, broker } = workspace;
  await workspace.applyQueue({ retry: { backoff: { initial: "2s", max: "8s" } } });
  await workspace.applyPool({ maxReplicas: 4, concurrency: 10 });
  const producer = await workspace.producer();
  await using history = await watchReplicas(workspace);

  // Published a few at a time, so that the broker dies in the middle of it. One in ten goes through the delay fabric.
  const jobs: string[] = [];
  let next = 0;
  async function publish(): Promise<void> {
    while (next < count) {
      next += 1;
      const id = await (next % 10 === 0
        ? producer.enqueue(flaky, { failures: 1, ms: 20 })
        : producer.enqueue(nap, { ms: 100 }));
      jobs.push(id);
      // The workers take about as long, so there are jobs everywhere: published, waiting, running, delayed.
      if (jobs.length < count / 2) await until("room", () => jobs.length - recorder.runs().length < 400);
    }
  }
  const publishing = Promise.all(Array.from({ length: 20 }, publish));
  await until(
    "jobs run and are delayed",
    () => recorder.runs().some(({ ending }) => ending === "failed") && jobs.length > 600,
  );

  await killBroker(broker.version);
  const killedAtMs = Date.now();
  await startBroker(broker.version);

  await publishing;
  expect(jobs).toHaveLength(count);
  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0, 120);
  const finishedAtMs = Date.now();
  const restarts = await kubectl(
    ...["get", "pods", "-n", workspace.namespace],
    ...["-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}"],
  );
  expect(recorder.runs().some(({ startedAtMs }) => startedAtMs < killedAtMs)).toBe(true);
  const asked = history.steps.slice(1).filter(({ atMs }) => atMs < finishedAtMs);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ replicas }) => replicas === 0)).toEqual([]);
  expect(restarts.split(" ").map(Number)).toEqual(restarts.split(" ").map(() => 0));
  await until("the pool is at zero", async () => (await workspace.pods()).length === 0);
});
