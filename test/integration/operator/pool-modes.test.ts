import { describe, expect, type TestContext, test } from "vitest";
import { workerPools } from "../../../operator/src/api/objects.ts";
import { deployments } from "../../../operator/src/kinds.ts";
import { connectAs } from "./amqp.ts";
import { unscheduled as template } from "./manifests.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";
import { simulateWorker } from "./simulated-worker.ts";

const quick = { targetWait: "1s", scaleDownDelay: "1s", idleDelay: "1s" };

async function enqueue(context: TestContext, scene: Scene, count: number): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
  const producer = await connectAs(context, scene, "mail-producer");
  for (let n = 1; n <= count; n += 1) {
    expect(await producer.publish(`${scene.namespace}.mail`, "send", { n })).toBe("routed");
  }
}

const replicasOf = async (scene: Scene) => (await scene.deployment("mail"))?.spec.replicas;

describe.concurrent("a pool", { timeout: 300_000 }, () => {
  test("in Recommend mode says what it would do, and has the number that the user sets", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    const recommend = { template, maxReplicas: 4, scaling: { ...quick, mode: "Recommend" } };
    await scene.applyPool("mail", recommend);
    await enqueue(context, scene, 40);
    await eventually(async () => {
      const { status } = (await scene.pool("mail")) ?? {};
      expect(status).toMatchObject({ desiredReplicas: 0, backlog: 40, decision: { replicas: 4 } });
      // In steps, if it was looked at while they were being enqueued.
      const said = /→ 4 workers(?: in \d steps)?: .*; only recommended \(scaling.mode Recommend\), 0 asked for$/;
      expect(status?.decision?.message).toMatch(said);
      expect(status?.recentDecisions?.[0]).toMatchObject({ replicas: 4, message: expect.stringMatching(said) });
      const events = await scene.events("WorkerPool", "mail", "ScalingRecommended");
      expect(events.map(({ message }) => message)).toContain(status?.decision?.message);
    });
    expect(await replicasOf(scene)).toBe(0);
    await eventually(async () => {
      const told = await scene.metrics();
      const labels = `namespace="${scene.namespace}",pool="mail"`;
      expect(told).toContain(`jobwright_pool_backlog{${labels}} 40\n`);
      expect(told).toContain(`jobwright_pool_wanted_replicas{${labels}} 4\n`);
      expect(told).toContain(`jobwright_pool_desired_replicas{${labels}} 0\n`);
    });
    // It goes on from what is there, not from what was recommended.
    await scene.applyPool("mail", { ...recommend, scaling: quick });
    await eventually(async () => {
      expect(await replicasOf(scene)).toBe(4);
      const events = (await scene.events("WorkerPool", "mail", "ScaledUp")).map(({ message }) => message);
      expect(events).toContainEqual(expect.stringMatching(/^0 → 4 workers: /));
    });
    await scene.applyPool("mail", { ...recommend, replicas: 1 });
    await eventually(async () => expect(await replicasOf(scene)).toBe(1));
  });

  test("keeps more workers while a window of a schedule is open, and tells of a schedule that cannot be kept", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    // One that opens each minute for a minute is always open.
    const always = { cron: "* * * * *", duration: "1m", minReplicas: 2 };
    const scheduled = (...schedules: object[]) =>
      scene.applyPool("mail", { template, maxReplicas: 4, scaling: { ...quick, schedules } });
    await scheduled({ ...always, minReplicas: 1 }, { ...always, timeZone: "Asia/Kathmandu" });
    await eventually(async () => {
      expect(await replicasOf(scene)).toBe(2);
      expect((await scene.pool("mail"))?.status?.decision).toMatchObject({
        reason: "Schedule",
        message: expect.stringMatching(/^0 → 2 workers: .*; kept at minReplicas 2 of the schedule '\* \* \* \* \*'$/),
      });
    });
    await scheduled({ ...always, cron: "0 8 31 2 *" }, { ...always, timeZone: "Asia/Katmandoo" });
    await eventually(async () => expect(await replicasOf(scene)).toBe(0));
    await eventually(async () => {
      const stalled = condition(await scene.pool("mail"), "Stalled");
      expect(stalled).toMatch("Stalled=True ScheduleInvalid: spec.scaling.schedules[0].cron: found '0 8 31 2 *'");
      expect(stalled).toContain(
        "spec.scaling.schedules[1].timeZone: found 'Asia/Katmandoo': expected a name of the IANA",
      );
    });
    await scheduled();
    await eventually(async () => expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True AtZero"));
  });

  test("that is paused at zero stays there, works once the pause ends, and can be deleted", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    const spec = { template, maxReplicas: 4, scaling: quick };
    await scene.applyPool("mail", { ...spec, paused: true });
    await enqueue(context, scene, 12);
    await eventually(async () => {
      const pool = await scene.pool("mail");
      expect(condition(pool, "Ready")).toMatch("Ready=True Paused: spec.paused is true: no worker runs");
      expect(condition(pool, "Paused")).toMatch("Paused=True PausedBySpec");
      expect(pool?.status).toMatchObject({ backlog: 12, desiredReplicas: 0, decision: { reason: "Paused" } });
    });
    expect(await scene.deployment("mail")).toBeUndefined();
    await scene.applyPool("mail", { ...spec, paused: false });
    await eventually(async () => {
      expect(await replicasOf(scene)).toBe(4);
      expect(condition(await scene.pool("mail"), "Paused")).toBeUndefined();
    });
    await scene.applyPool("mail", { ...spec, paused: true });
    await eventually(async () => expect(condition(await scene.pool("mail"), "Paused")).toMatch("Paused=True"));
    expect(await scene.metrics()).toContain(`jobwright_pool_paused{namespace="${scene.namespace}",pool="mail"} 1`);
    await scene.client.delete(workerPools, "mail", scene.namespace);
    await eventually(async () => expect(await scene.pool("mail")).toBeUndefined());
    expect(await scene.deployment("mail")).toBeUndefined();
    // The operator hears of it a moment later.
    await eventually(async () => expect(await scene.metrics()).not.toContain('pool="mail"'));
  });

  test("that is paused keeps its workers, also those on their way out, and is rolled out when the pause ends", async (context) => {
    const scene = await setScene(context);
    const { client, namespace } = scene;
    await scene.applyQueue("mail");
    const spec = { template, scaling: { mode: "Manual" }, replicas: 2 };
    await scene.applyPool("mail", spec);
    const pods = await eventually(async () => {
      const two = await scene.pods("mail");
      expect(two).toHaveLength(2);
      return two;
    });
    const workers = await Promise.all(
      pods.map(({ metadata }) => simulateWorker(context, scene, "mail", metadata.name)),
    );
    for (const worker of workers) await worker.run(1);
    await scene.applyPool("mail", { ...spec, replicas: 1 });
    const leaving = await eventually(() => {
      const cordoned = workers.find(({ commands }) => commands.includes("Cordon"));
      expect(cordoned).toBeDefined();
      return cordoned;
    });
    const before = JSON.stringify((await scene.deployment("mail"))?.spec.template);
    await scene.applyPool("mail", { ...spec, replicas: 1, paused: true, concurrency: 9 });
    await eventually(() => expect(leaving?.commands.at(-1)).toBe("Uncordon"));
    await eventually(async () => {
      expect(condition(await scene.pool("mail"), "Ready")).toMatch(
        "Ready=True Paused: spec.paused is true: workers go on",
      );
      expect((await scene.deployment("mail"))?.spec.paused).toBe(true);
    });
    for (const worker of workers) await worker.run(0);
    await always(async () => {
      expect(await replicasOf(scene)).toBe(2);
      expect(await scene.pods("mail")).toHaveLength(2);
    }, 3);
    expect(JSON.stringify((await scene.deployment("mail"))?.spec.template)).toBe(before);
    // What somebody else sets meanwhile is not undone either, and scaling goes on from it.
    await client.patch(deployments, "mail", namespace, { spec: { replicas: 3 } });
    await always(async () => expect(await replicasOf(scene)).toBe(3), 2);
    await scene.applyPool("mail", { ...spec, replicas: 3, paused: false, concurrency: 9 });
    await eventually(async () => {
      const { spec: now } = (await scene.deployment("mail")) ?? {};
      expect(now?.paused ?? false).toBe(false);
      expect(now?.replicas).toBe(3);
      expect(JSON.stringify(now?.template)).not.toBe(before);
    });
    expect(await scene.events("WorkerPool", "mail", "ScaledUp")).toEqual([]);
  });
});
