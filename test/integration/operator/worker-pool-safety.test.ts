import { describe, expect, type TestContext, test } from "vitest";
import { podDisruptionBudgets, pods } from "../../../operator/src/kinds.ts";
import { type KubeObject, loadKubeConfig, type Resource } from "../../../operator/src/kube/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { createHttpProxy } from "../kube/http-proxy.ts";
import { connectAs, publishMany, takeIn } from "./amqp.ts";
import { unscheduled as template } from "./manifests.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";
import { simulateWorker } from "./simulated-worker.ts";

const quotas: Resource = {
  group: "",
  version: "v1",
  plural: "resourcequotas",
  kind: "ResourceQuota",
  namespaced: true,
};

/** A consumer that takes one job and keeps it: a queue without consumers would be taken for one whose leader is away. */
async function keepOneJob(context: TestContext, scene: Scene): Promise<void> {
  const { model } = await connectAs(context, scene, "mail-worker");
  const channel = await model.createChannel();
  await channel.prefetch(1);
  await channel.consume(`${scene.namespace}.mail`, () => {});
}

async function queueReady(scene: Scene, name: string): Promise<void> {
  await scene.applyQueue(name);
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

/** The pool's pods by name, once there are so many. */
async function podNames(scene: Scene, count: number): Promise<string[]> {
  return eventually(async () => {
    const found = (await scene.pods("mail")).filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(found).toHaveLength(count);
    return found.map(({ metadata }) => metadata.name);
  });
}

describe.concurrent("a pool whose wishes are not granted", { timeout: 300_000 }, () => {
  test("asks for no more pods than a quota leaves it, and says so in Kubernetes's words", async (context) => {
    const scene = await setScene(context);
    await scene.client.create(quotas, {
      ...{ metadata: { name: "few", namespace: scene.namespace } },
      ...{ spec: { hard: { pods: "2" } } },
    });
    await queueReady(scene, "mail");
    await publishMany(context, scene, "mail", 20);
    await scene.applyPool("mail", { template, maxReplicas: 5, scaling: { targetWait: "1s" } });
    await eventually(async () => {
      const pool = await scene.pool("mail");
      expect(condition(pool, "ScalingLimited")).toMatch(/^ScalingLimited=True PodsRefused: .*exceeded quota: few/);
      expect(condition(pool, "Ready")).toMatch(/^Ready=False FailedCreate: .*exceeded quota: few/);
      expect(pool?.status?.decision).toMatchObject({ replicas: 2, reason: "PodsRefused" });
      expect((await scene.deployment("mail"))?.spec.replicas).toBe(2);
    });
    await podNames(scene, 2);
    await eventually(async () => expect(await scene.events("WorkerPool", "mail", "PodsRefused")).toHaveLength(1));
  });

  test("tells of a run that does not end, and takes nobody away until it has", async (context) => {
    const scene = await setScene(context);
    await queueReady(scene, "mail");
    const settings = { scaleDownDelay: "0s", idleDelay: "0s" };
    await scene.applyPool("mail", { template, minReplicas: 2, scaling: settings });
    const [one = "", other = ""] = await podNames(scene, 2);
    const stuck = await simulateWorker(context, scene, "mail", one);
    await simulateWorker(context, scene, "mail", other);
    await keepOneJob(context, scene);
    await stuck.run(1, { oldestRunningSeconds: 400 });
    await eventually(async () => {
      const said = condition(await scene.pool("mail"), "WorkersStuck");
      expect(said).toMatch("WorkersStuck=True RunsDoNotEnd: a job runs for longer than 5 min");
      expect(said).toContain(`${one} (since 20`);
    });
    await scene.applyPool("mail", { template, minReplicas: 0, scaling: settings });
    await eventually(async () => {
      expect((await scene.pool("mail"))?.status?.decision?.reason).toBe("WorkersStuck");
    });
    expect((await scene.deployment("mail"))?.spec.replicas).toBe(2);

    await stuck.run(0);
    await eventually(async () => {
      const pool = await scene.pool("mail");
      expect(condition(pool, "WorkersStuck")).toBeUndefined();
      const longestRunEndedAt = expect.stringMatching(/^20.*Z$/);
      expect(pool?.status?.measured).toMatchObject({ longestRunMs: 400_000, longestRunEndedAt });
      expect((await scene.deployment("mail"))?.spec.replicas).toBe(0);
    });
  });

  test("says that its pods crash until they run for longer, and not that they start whenever they do", async (context) => {
    const scene = await setScene(context);
    await queueReady(scene, "mail");
    await scene.applyPool("mail", { template, minReplicas: 1, maxReplicas: 1 });
    const [name = ""] = await podNames(scene, 1);
    const secondsAgo = (seconds: number) =>
      new Date(Date.now() - seconds * 1_000).toISOString().replace(/\.\d+Z$/, "Z");
    const terminated = { exitCode: 1, reason: "Error", startedAt: secondsAgo(2), finishedAt: secondsAgo(2) };
    const containerIs = async (restartCount: number, state: object) => {
      const lastState = { terminated };
      const container = { name: "handlers", image: "i", imageID: "", ready: false, restartCount, lastState, state };
      const status = { phase: "Running", conditions: [], containerStatuses: [container] };
      await scene.client.patch(pods, name, scene.namespace, { status }, { subresource: "status" });
    };
    const ready = async () => condition(await scene.pool("mail"), "Ready");
    await containerIs(3, { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } });
    await eventually(async () => expect(await ready()).toMatch(/False CrashLoopBackOff: .* restarted 3 times/));
    await containerIs(4, { running: { startedAt: secondsAgo(2) } });
    await eventually(async () => expect(await ready()).toMatch(/False CrashLoopBackOff: .* restarted 4 times/));
    await eventually(async () => expect(await ready()).toMatch("False RollingOut"));
    expect(await scene.events("WorkerPool", "mail", "CrashLoopBackOff")).toHaveLength(1);
  });

  test("scales workers without the runtime by what is unacknowledged, and to zero once nothing is", async (context) => {
    const scene = await setScene(context);
    await queueReady(scene, "mail");
    await publishMany(context, scene, "mail", 2);
    await scene.applyPool("mail", {
      template,
      maxReplicas: 2,
      scaling: { targetWait: "1s", idleDelay: "1s", scaleDownDelay: "0s" },
    });
    for (const name of await podNames(scene, 2)) {
      const state = { running: { startedAt: "2026-01-01T00:00:00Z" } };
      const container = { name: "handlers", image: "i", imageID: "", restartCount: 0, ready: true, state };
      const status = {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [container],
      };
      await scene.client.patch(pods, name, scene.namespace, { status }, { subresource: "status" });
    }
    // A plain AMQP client with the workers' credentials.
    const { model } = await connectAs(context, scene, "mail-worker");
    const channel = await model.createChannel();
    let done = () => {};
    await channel.consume(`${scene.namespace}.mail`, (message) => {
      const before = done;
      done = () => {
        before();
        if (message) channel.ack(message);
      };
    });
    // Half a minute passes until they are known to be without it.
    await eventually(async () => {
      const { status } = (await scene.pool("mail")) ?? {};
      expect(status?.busy).toBe(2);
      expect(status?.backlog).toBe(0);
      expect(status?.desiredReplicas).toBe(2);
    }, 120);
    done();
    await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(0));
  });
});

test("while the API server is away nothing is taken away, and what is needed then comes as soon as it is back", {
  timeout: 180_000,
}, async (context) => {
  let away = false;
  const proxy = await createHttpProxy(loadKubeConfig({ file: readCluster().kubeconfig }), (_url, response) => {
    if (!away) return undefined;
    response.destroy();
    return "answered";
  });
  const scene = await setScene(context, { apiServer: proxy.config });
  await queueReady(scene, "mail");
  const scaling = { targetWait: "1s", scaleDownDelay: "0s", idleDelay: "0s" };
  await scene.applyPool("mail", { template, maxReplicas: 4, scaling });
  await publishMany(context, scene, "mail", 2);
  const names = await podNames(scene, 2);
  const workers = await Promise.all(names.map((name) => simulateWorker(context, scene, "mail", name)));
  await takeIn(context, scene, `${scene.namespace}.mail`);
  await keepOneJob(context, scene);
  for (const worker of workers) await worker.run(1);
  await eventually(async () => expect((await scene.pool("mail"))?.status?.busy).toBe(2));

  away = true;
  proxy.cut();
  // The broker is there, so workers are told to go, and to come back.
  for (const worker of workers) await worker.run(0);
  await eventually(() => expect(workers.map(({ commands }) => commands.at(-1))).toEqual(["Cordon", "Cordon"]));
  await publishMany(context, scene, "mail", 40);
  await eventually(() => expect(workers.map(({ commands }) => commands.at(-1))).toEqual(["Uncordon", "Uncordon"]));
  expect((await scene.deployment("mail"))?.spec.replicas).toBe(2);

  away = false;
  await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(4));
  expect((await podNames(scene, 4)).filter((name) => names.includes(name))).toHaveLength(2);
});

test("a pool has a disruption budget, unless one of somebody else's covers its workers", {
  timeout: 180_000,
}, async (context) => {
  const scene = await setScene(context);
  await queueReady(scene, "mail");
  await scene.applyPool("mail", { template });
  const budget = () => scene.client.get(podDisruptionBudgets, "mail", scene.namespace);
  await eventually(async () => expect(await budget()).toMatchObject({ spec: { maxUnavailable: "25%" } }));
  const metadata = { name: "theirs", namespace: scene.namespace };
  const spec = { selector: { matchLabels: { "jobwright.dev/pool": "mail" } }, minAvailable: 1 };
  await scene.client.create(podDisruptionBudgets, { metadata, spec } as KubeObject);
  await eventually(async () => expect(await budget()).toBeUndefined());
  await scene.client.delete(podDisruptionBudgets, "theirs", scene.namespace);
  await eventually(async () => expect(await budget()).toBeDefined());
});
