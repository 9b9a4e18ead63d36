import { delayLevel } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, connectAsAdministrator, takeIn } from "./amqp.ts";
import { prepareDamages, sufferDamages } from "./damages.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

const versions = readCluster().brokers.map(({ version }) => version);

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

describe.concurrent("what somebody changes on the broker by hand", { timeout: 300_000 }, () => {
  test.for(versions)(
    "is put right on RabbitMQ %s, with an event that says what was found",
    async (version, context) => {
      // Users are compared as often as everything is.
      const scene = await setScene(context, { version, resyncMs: 5_000 });
      await prepareDamages(scene);
      await sufferDamages(scene);
    },
  );

  test("covers the policies that the namespace's queues share", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const policy = `jobwright-defaults:${scene.namespace}`;
    await scene.broker.remove("policies", policy);
    await eventually(async () => {
      const [drifted] = await scene.events("JobQueue", "mail", "Drifted");
      expect(drifted?.message).toContain(`policy "${policy}" was missing`);
      expect(await scene.broker.find("policies", policy)).toMatchObject({ definition: { "delivery-limit": 20 } });
    });
  });

  test("covers the delay fabric: a lost level comes back, and delays work through it", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const target = `${scene.namespace}.mail`;
    await scene.broker.remove("queues", delayLevel(1));
    await scene.broker.remove("exchanges", delayLevel(0));
    await eventually(async () => {
      // It may have looked between the two.
      const drifted = (await scene.events("JobQueue", "mail", "Drifted")).map(({ message }) => message).join();
      expect(drifted).toContain(`queue "${delayLevel(1)}" was missing`);
      expect(drifted).toContain(`exchange "${delayLevel(0)}" was missing`);
    });
    const administrator = await connectAsAdministrator(context, scene);
    const key = `${"0.".repeat(26)}1.1.${target}`;
    expect(await administrator.publish(delayLevel(27), key, { late: true })).toBe("routed");
    await eventually(async () => expect(await takeIn(context, scene, target)).toEqual([{ late: true }]));
  });

  test("shows when another policy goes over ours, and when it is gone again", async (context) => {
    const scene = await setScene(context, { refreshMs: 2_000 });
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    await scene.broker.put(
      { pattern: ".*", priority: 1000, definition: { "delivery-limit": 1 }, "apply-to": "queues" },
      "policies",
      "everything",
    );
    await eventually(async () => {
      const queue = await scene.queue("mail");
      expect(condition(queue, "PolicyOverridden")).toMatch("PolicyOverridden=True");
      expect(condition(queue, "Stalled")).toContain('"everything"');
      expect(condition(queue, "Ready")).toMatch("Ready=False PolicyOverridden");
    });
    await scene.broker.remove("policies", "everything");
    await eventually(async () => {
      const queue = await scene.queue("mail");
      expect(condition(queue, "PolicyOverridden")).toBeUndefined();
      expect(condition(queue, "Ready")).toMatch("Ready=True");
    });
  });

  test("leaves a producer able to publish once it is mended", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    await scene.broker.remove("queues", name);
    expect(await producer.publish(name, "send", {})).toBe("unroutable");
    await eventually(async () => expect(await producer.publish(name, "send", {})).toBe("routed"));
  });
});
