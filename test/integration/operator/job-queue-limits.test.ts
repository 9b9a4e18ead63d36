// How much a JobQueue takes in, as its user, its producers and its workers see it.
import { delayEntryExchange, delayRoutingKey } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, takeIn } from "./amqp.ts";
import { unscheduled } from "./manifests.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";
import { mountedConfiguration } from "./simulated-worker.ts";

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => {
    const queue = await scene.queue(name);
    expect(condition(queue, "Ready")).toMatch("Ready=True");
    expect(queue?.status?.observedGeneration).toBe(queue?.metadata.generation);
  });
}

const versions = readCluster().brokers.map(({ version }) => version);

describe.concurrent("limits of a JobQueue", { timeout: 300_000 }, () => {
  test.for(versions)("come and go on RabbitMQ %s, and workers and producers are told", async (version, context) => {
    const scene = await setScene(context, { version });
    const name = `${scene.namespace}.mail`;
    await scene.applyQueue("mail");
    await scene.applyPool("mail", { template: unscheduled, maxReplicas: 1 });
    await ready(scene, "mail");
    expect((await scene.secret("mail-producer"))?.["max-message-bytes"]).toBeUndefined();
    await scene.applyQueue("mail", { limits: { maxLength: 3, maxMessageBytes: 2048 } });
    await eventually(async () => {
      expect(await mountedConfiguration(scene, "mail")).toMatchObject({ bounded: true, maxMessageBytes: 2048 });
      expect((await scene.secret("mail-producer"))?.["max-message-bytes"]).toBe("2048");
    });
    expect((await scene.queue("mail"))?.status?.returns).toEqual({ queue: `${name}.returns` });
    expect((await scene.queue("mail"))?.status?.unsupported ?? []).not.toContainEqual(
      expect.stringContaining("limits"),
    );

    const producer = await connectAs(context, scene, "mail-producer");
    const full = async () => {
      for (let n = 0; n < 20; n += 1) await producer.publish(name, "send", { n });
    };
    await eventually(() => expect(full()).rejects.toThrow());
    // What comes back is never refused, wakes the pool, is counted, and may be read by its workers.
    await producer.publish(delayEntryExchange, delayRoutingKey(0, name), { n: 100 }, { type: "send" });
    await eventually(async () => expect(await scene.broker.find("queues", `${name}.returns`)).toBeDefined());
    const worker = await connectAs(context, scene, "mail-worker");
    const back = await eventually(() =>
      worker.onChannel(async (channel) => {
        const message = await channel.get(`${name}.returns`);
        if (message === false) throw new Error("not there yet");
        channel.nack(message, false, true);
        return message.properties.type as string;
      }),
    );
    expect(back).toBe("send");

    await scene.applyQueue("mail", { limits: {} });
    await eventually(async () => {
      expect((await scene.queue("mail"))?.status?.returns).toBeUndefined();
      expect(await scene.broker.find("queues", `${name}.returns`)).toBeUndefined();
      expect(await mountedConfiguration(scene, "mail")).toMatchObject({ bounded: false });
    });
    await eventually(async () => expect(await scene.broker.find("policies", `jobwright:${name}`)).toBeUndefined());
    expect(await takeIn(context, scene, name)).toContainEqual({ n: 100 });
    // The broker tells the queue of its policy a little after it says that the policy is another.
    await eventually(async () => {
      await takeIn(context, scene, name);
      await full();
      expect(await takeIn(context, scene, name)).toHaveLength(20);
    });
    expect(await scene.events("JobQueue", "mail", "Drifted")).toEqual([]);
  });

  test("wake a pool for a job that came back, and count it", async (context) => {
    const scene = await setScene(context);
    const name = `${scene.namespace}.mail`;
    await scene.applyQueue("mail", { limits: { maxLength: 3 } });
    await scene.applyPool("mail", { template: unscheduled, maxReplicas: 1 });
    await ready(scene, "mail");
    await eventually(async () => expect((await scene.deployment("mail"))?.spec.replicas).toBe(0));
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(delayEntryExchange, delayRoutingKey(0, name), { n: 1 }, { type: "send" });
    await eventually(async () => {
      expect((await scene.pool("mail"))?.status?.backlog).toBe(1);
      expect((await scene.deployment("mail"))?.spec.replicas).toBe(1);
    });
    await eventually(async () => expect((await scene.queue("mail"))?.status?.jobs?.waiting).toBe(1));
  });
});
