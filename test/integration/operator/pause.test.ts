import { describe, expect, type TestContext, test } from "vitest";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { readCluster } from "../../cluster/index.ts";
import { connectAs } from "./amqp.ts";
import { unscheduled as template } from "./manifests.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";
import { mountedConfiguration, simulateWorker } from "./simulated-worker.ts";

const quick = { targetWait: "1s", scaleDownDelay: "1s", idleDelay: "2s" };

async function enqueue(context: TestContext, scene: Scene, name: string, count: number): Promise<void> {
  const producer = await connectAs(context, scene, `${name}-producer`);
  for (let n = 1; n <= count; n += 1) {
    expect(await producer.publish(`${scene.namespace}.${name}`, "send", { n })).toBe("routed");
  }
}

async function podsOf(scene: Scene, pool: string, count: number): Promise<string[]> {
  return eventually(async () => {
    const pods = (await scene.pods(pool)).filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(pods).toHaveLength(count);
    return pods.map(({ metadata }) => metadata.name);
  });
}

const templateHash = async (scene: Scene, name: string) =>
  JSON.stringify((await scene.deployment(name))?.spec.template);

describe.concurrent.each(readCluster().brokers.map(({ version }) => version))(
  "on RabbitMQ %s",
  {
    timeout: 180_000,
  },
  (version) => {
    test("a paused queue takes jobs and starts nobody; when it goes on, its pool starts what they need", async (context) => {
      const scene = await setScene(context, { version });
      await scene.applyQueue("mail", { paused: true });
      await scene.applyPool("mail", { template, maxReplicas: 4, scaling: quick });
      await eventually(async () => {
        expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True");
        expect(condition(await scene.queue("mail"), "Paused")).toMatch("Paused=True PausedBySpec");
        expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True QueuePaused");
      });
      await enqueue(context, scene, "mail", 12);
      await eventually(async () => expect((await scene.pool("mail"))?.status?.backlog).toBe(12));
      await always(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(0), 3);
      await scene.applyQueue("mail");
      await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(4));
      await eventually(async () => expect(condition(await scene.queue("mail"), "Paused")).toBeUndefined());
    });

    test("workers are told, not restarted, and go as if there were no work; the status says why", async (context) => {
      const scene = await setScene(context, { version });
      await scene.applyQueue("mail");
      await scene.applyPool("mail", { template, minReplicas: 2, maxReplicas: 2, scaling: quick });
      const pods = await podsOf(scene, "mail", 2);
      const workers = await Promise.all(pods.map((pod) => simulateWorker(context, scene, "mail", pod)));
      // Before fewer would do: what waits is to keep both.
      await enqueue(context, scene, "mail", 20);
      await eventually(async () => expect((await scene.pool("mail"))?.status?.backlog).toBe(20));
      await scene.applyPool("mail", { template, minReplicas: 1, maxReplicas: 2, scaling: quick });
      const hash = await templateHash(scene, "mail");
      await scene.applyQueue("mail", { paused: true });
      await eventually(() => expect(workers.map(({ paused }) => paused())).toEqual([true, true]));
      await eventually(async () => {
        expect((await scene.deployment("mail"))?.spec.replicas).toBe(1);
        const { status } = (await scene.pool("mail")) ?? {};
        expect(status).toMatchObject({ desiredReplicas: 1, decision: { reason: "QueuePaused", replicas: 1 } });
        expect(status?.decision?.message).toMatch(/^2 → 1 worker: the queue is paused: no worker is wanted for 20/);
      });
      const [left] = await podsOf(scene, "mail", 1);
      const [stays] = workers.filter(({ pod }) => pod === left);
      expect((await mountedConfiguration(scene, "mail")).paused).toBe(true);
      await scene.applyQueue("mail", { paused: false });
      await eventually(() => expect(stays?.paused()).toBe(false));
      await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(2));
      expect(await templateHash(scene, "mail")).toBe(hash);
      expect(stays?.commands.filter((command) => command === "Cordon")).toEqual([]);
    });

    test("a worker that was replaced behind the operator's back is told again, by another operator too", async (context) => {
      const scene = await setScene(context, { version });
      await scene.applyQueue("mail", { paused: true });
      await scene.applyPool("mail", { template, scaling: { mode: "Manual" }, replicas: 1 });
      const [pod = ""] = await podsOf(scene, "mail", 1);
      const worker = await simulateWorker(context, scene, "mail", pod);
      expect(worker.paused()).toBe(true);
      await scene.restartOperator();
      await scene.applyQueue("mail", { paused: false });
      await eventually(() => expect(worker.paused()).toBe(false));
      expect((await scene.deployment("mail"))?.spec.replicas).toBe(1);
      await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True Working"));
    });
  },
);

test.concurrent("a worker of an older protocol goes on, and the status says so", {
  timeout: 180_000,
}, async (context) => {
  const scene = await setScene(context);
  await scene.applyQueue("mail", { paused: true });
  await scene.applyPool("mail", { template, scaling: { mode: "Manual" }, replicas: 1 });
  const [pod = ""] = await podsOf(scene, "mail", 1);
  await simulateWorker(context, scene, "mail", pod, { speaksOfPausing: false });
  await eventually(async () => {
    expect(condition(await scene.pool("mail"), "Ready")).toMatch(`Ready=False CannotPause`);
    expect(condition(await scene.pool("mail"), "Ready")).toMatch(pod);
  });
});

test.concurrent("a paused queue that waits for its last jobs to be deleted says what it waits for", {
  timeout: 180_000,
}, async (context) => {
  const scene = await setScene(context);
  const deletionPolicy = "DeleteWhenEmpty";
  await scene.applyQueue("mail", { paused: true, deletionPolicy });
  await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
  await enqueue(context, scene, "mail", 1);
  await scene.client.delete(jobQueues, "mail", scene.namespace);
  await eventually(async () =>
    expect(condition(await scene.queue("mail"), "Ready")).toMatch(
      /WaitingForJobs.*It is paused, so no worker takes them/,
    ),
  );
  await scene.client.patch(jobQueues, "mail", scene.namespace, { spec: { paused: false } });
  await eventually(async () => {
    expect(condition(await scene.queue("mail"), "Ready")).toMatch("WaitingForJobs");
    expect(condition(await scene.queue("mail"), "Ready")).not.toMatch("paused");
  });
});
