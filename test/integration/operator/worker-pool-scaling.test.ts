import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, type TestContext, test } from "vitest";
import { deployments, pods } from "../../../operator/src/kinds.ts";
import type { Deployment } from "../../../operator/src/workerpool/deployment.ts";
import { publishMany, takeIn } from "./amqp.ts";
import { unscheduled as template } from "./manifests.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";
import { simulateWorker } from "./simulated-worker.ts";

/** Every number of replicas that the Deployment is given from now on, the first included. */
async function replicaHistory(context: TestContext, { client, namespace }: Scene, name: string): Promise<number[]> {
  const stop = new AbortController();
  context.onTestFinished(() => stop.abort());
  const { items, resourceVersion } = await client.list<Deployment>(deployments, { namespace });
  const history = items.filter(({ metadata }) => metadata.name === name).map(({ spec }) => spec.replicas ?? -1);
  const changes = client.watch<Deployment>(
    deployments,
    { namespace, resourceVersion, timeoutSeconds: 300 },
    stop.signal,
  );
  void (async () => {
    for await (const { object } of changes) {
      const replicas = (object as Deployment).spec?.replicas;
      if (replicas !== undefined && replicas !== history.at(-1)) history.push(replicas);
    }
  })().catch(() => {});
  return history;
}

async function asleep(scene: Scene, name: string): Promise<void> {
  await eventually(async () => {
    expect(condition(await scene.pool(name), "Ready")).toMatch("Ready=True AtZero");
    // The queue that wakes it is there, beside the work queue.
    const bindings = (await scene.broker.find("exchanges", `${scene.namespace}.${name}`, "bindings", "source")) as {
      destination: string;
    }[];
    expect(bindings.length).toBeGreaterThan(1);
  });
}

describe.concurrent("a pool in Auto mode", { timeout: 300_000 }, () => {
  test("is woken by the first job, starts what a burst needs, and says why", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template, maxReplicas: 4, scaling: { targetWait: "1s" } });
    await asleep(scene, "mail");
    await publishMany(context, scene, "mail", 40);
    await eventually(async () => {
      const { status } = (await scene.pool("mail")) ?? {};
      expect(status).toMatchObject({ desiredReplicas: 4, backlog: 40, decision: { replicas: 4 } });
      const events = await scene.events("WorkerPool", "mail", "ScaledUp");
      expect(events.map(({ type, message }) => [type, message])).toContainEqual(["Normal", status?.decision?.message]);
      expect(status?.decision?.message).toMatch(/ → 4 workers: .*; limited by maxReplicas 4$/);
    });
    // The copies that the pool was woken by are gone, the jobs are not.
    expect(await takeIn(context, scene, `${scene.namespace}.mail`)).toHaveLength(40);
  });

  test("goes from zero to what waiting jobs need in one step", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await publishMany(context, scene, "mail", 12);
    const history = await replicaHistory(context, scene, "mail");
    await scene.applyPool("mail", { template, concurrency: 2, scaling: { targetWait: "1s" } });
    await eventually(() => expect(history.at(-1)).toBe(6));
    expect(history).toEqual([0, 6]);
    await eventually(async () => {
      const events = await scene.events("WorkerPool", "mail", "ScaledUp");
      expect(events.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^0 → 6 workers: 12 slots for 12 jobs/),
      ]);
    });
  });

  test("never falls below minReplicas, and follows it when it is edited", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template, minReplicas: 1 });
    const replicas = async () => (await scene.deployment("mail"))?.spec.replicas;
    await eventually(async () => expect(await replicas()).toBe(1));
    await scene.applyPool("mail", { template, minReplicas: 3 });
    await eventually(async () => expect(await replicas()).toBe(3));
  });

  test("that a new operator takes over keeps its workers", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template, maxReplicas: 4, scaling: { targetWait: "1s" } });
    await asleep(scene, "mail");
    await publishMany(context, scene, "mail", 40);
    await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(4));
    const history = await replicaHistory(context, scene, "mail");
    await scene.restartOperator();
    await always(async () => expect(history).toEqual([4]), 4);
  });
});

test.concurrent("the status tells within seconds how busy workers are, whatever else changes", {
  timeout: 180_000,
}, async (context) => {
  const scene = await setScene(context);
  await scene.applyQueue("mail");
  await scene.applyPool("mail", { template, scaling: { mode: "Manual" }, replicas: 1 });
  const [pod] = await eventually(async () => {
    const found = await scene.pods("mail");
    expect(found).toHaveLength(1);
    return found;
  });
  const worker = await simulateWorker(context, scene, "mail", pod?.metadata.name ?? "");
  const toldBusy = async () => (await scene.pool("mail"))?.status?.busy;
  for (let round = 1; round <= 3; round += 1) {
    // The pod changes all the while, so that passes for its sake are due when the first figure is to be told.
    await worker.run(1);
    for (let change = 1; change <= 15; change += 1) {
      const metadata = { labels: { change: `${round}-${change}` } };
      await scene.client.patch(pods, worker.pod, scene.namespace, { metadata });
      await pause(100);
    }
    await worker.run(2);
    await eventually(async () => expect(await toldBusy()).toBe(2));
    await worker.run(0);
    await eventually(async () => expect(await toldBusy()).toBe(0));
  }
});

describe.concurrent("a pool in Manual mode that gets smaller", { timeout: 300_000 }, () => {
  async function twoWorkers(context: TestContext) {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    const manual = (replicas: number) => scene.applyPool("mail", { template, scaling: { mode: "Manual" }, replicas });
    await manual(2);
    const found = await eventually(async () => {
      const two = await scene.pods("mail");
      expect(two).toHaveLength(2);
      return two;
    });
    const [one, other] = await Promise.all(
      found.map(({ metadata }) => simulateWorker(context, scene, "mail", metadata.name)),
    );
    if (one === undefined || other === undefined) throw new Error("unreachable");
    await eventually(async () => expect((await scene.pool("mail"))?.status?.readyReplicas).toBe(2));
    return { scene, manual, one, other };
  }
  const podNames = async (scene: Scene) =>
    (await scene.pods("mail"))
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map(({ metadata }) => metadata.name);

  test("cordons the idler worker, waits until it is drained, and takes that pod and no other", async (context) => {
    const { scene, manual, one, other } = await twoWorkers(context);
    await Promise.all([one.run(1), other.run(2)]);
    await eventually(async () => expect((await scene.pool("mail"))?.status?.busy).toBe(3));
    await manual(1);
    await eventually(() => expect(one.commands).toContain("Cordon"));
    await always(async () => {
      expect(await podNames(scene)).toHaveLength(2);
      expect((await scene.deployment("mail"))?.spec.replicas).toBe(2);
    }, 3);
    expect(other.commands).toEqual([]);
    await one.run(0);
    await eventually(async () => expect(await podNames(scene)).toEqual([other.pod]));
    expect((await scene.deployment("mail"))?.spec.replicas).toBe(1);
    expect(other.commands).toEqual([]);
  });

  test("takes a cordoned worker back when it is needed again", async (context) => {
    const { scene, manual, one, other } = await twoWorkers(context);
    await Promise.all([one.run(1), other.run(2)]);
    await eventually(async () => expect((await scene.pool("mail"))?.status?.busy).toBe(3));
    await manual(1);
    await eventually(() => expect(one.commands).toContain("Cordon"));
    await manual(2);
    await eventually(() => expect(one.commands.at(-1)).toBe("Uncordon"));
    await one.run(0);
    await always(async () => expect(await podNames(scene)).toHaveLength(2), 3);
  });
});
