import { queueNames } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { secrets } from "../../../operator/src/kinds.ts";
import { manage } from "../../broker/index.ts";
import { connectAs, takeIn } from "./amqp.ts";
import { condition, eventually, setScene } from "./scene.ts";

describe.concurrent("a JobQueue", { timeout: 300_000 }, () => {
  test("is put on the broker as asked, and says so", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { deliveryLimit: 7, deadLetter: { retention: "2h", maxLength: 50 } });
    const ready = await eventually(async () => {
      const queue = await scene.queue("mail");
      expect(condition(queue, "Ready")).toMatch("Ready=True Provisioned");
      return queue;
    });
    const name = `${scene.namespace}.mail`;
    const { exchange, queue, deadLetterExchange, deadLetterQueue } = queueNames(name);

    expect(await scene.broker.find("exchanges", exchange)).toMatchObject({ type: "topic", durable: true });
    expect(await scene.broker.find("exchanges", deadLetterExchange)).toMatchObject({ type: "fanout" });
    for (const each of [queue, deadLetterQueue]) {
      expect(await scene.broker.find("queues", each)).toMatchObject({ type: "quorum", durable: true });
    }
    expect(await scene.broker.find("policies", `jobwright:${queue}`)).toMatchObject({
      "apply-to": "queues",
      definition: {
        "dead-letter-exchange": deadLetterExchange,
        "dead-letter-strategy": "at-least-once",
        overflow: "reject-publish",
        "delivery-limit": 7,
      },
    });
    expect(await scene.broker.find("policies", `jobwright:${deadLetterQueue}`)).toMatchObject({
      definition: { "message-ttl": 7_200_000, "max-length": 50, overflow: "drop-head" },
    });

    expect(ready?.metadata.finalizers).toEqual(["jobwright.dev/queue"]);
    expect(ready?.status).toMatchObject({
      observedGeneration: ready?.metadata.generation,
      vhost: scene.vhost,
      exchange,
      queue,
      deadLetterQueue,
      binding: { name: "mail-producer" },
      brokerVersion: expect.stringContaining(`${scene.server.version}.`),
    });
    expect(condition(ready, "BrokerReachable")).toMatch("BrokerReachable=True");
    expect(condition(ready, "Stalled")).toBeUndefined();
    expect(condition(ready, "Reconciling")).toBeUndefined();
    await eventually(async () => {
      const reasons = (await scene.events("JobQueue", "mail")).map(({ type, reason }) => `${type} ${reason}`);
      expect(reasons.toSorted()).toEqual(["Normal Provisioned"]);
    });

    const binding = await scene.secret("mail-producer");
    const username = `${scene.namespace}.mail.producer`;
    expect(binding).toMatchObject({
      type: "rabbitmq",
      provider: "jobwright",
      host: scene.server.host,
      port: String(scene.server.amqpPort),
      username,
      "virtual-host": scene.vhost,
      queue: name,
    });
    const producer = await connectAs(context, scene, "mail-producer");
    expect(await producer.publish(exchange, "send", { to: "a" })).toBe("routed");
    await eventually(async () => expect((await scene.queue("mail"))?.status?.jobs?.waiting).toBe(1));
  });

  test("that is as asked is left alone: nothing is written, on the cluster or on the broker", async (context) => {
    const scene = await setScene(context, { resyncMs: 1_000 });
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    // Counts may come with the first refresh after the queue was made.
    await eventually(async () => expect((await scene.queue("mail"))?.status?.jobs).toBeDefined());
    const before = await scene.queue("mail");
    const secretBefore = await scene.client.get(secrets, "mail-producer", scene.namespace);
    const userBefore = await scene.broker.user(`${scene.namespace}.mail.producer`);
    // A label makes a pass at once; the refresh makes one every 15 s.
    let expected = before?.metadata.resourceVersion;
    for (let pass = 1; pass <= 5; pass += 1) {
      const seen = await scene.passes("jobqueue");
      const metadata = { labels: { pass: String(pass) } };
      const labelled = await scene.client.patch(jobQueues, "mail", scene.namespace, { metadata });
      expected = labelled.metadata.resourceVersion;
      await eventually(async () => expect(await scene.passes("jobqueue")).toBeGreaterThan(seen));
      expect((await scene.queue("mail"))?.metadata.resourceVersion).toBe(expected);
    }
    const seen = await scene.passes("jobqueue");
    await eventually(async () => expect(await scene.passes("jobqueue")).toBeGreaterThan(seen));
    expect((await scene.queue("mail"))?.metadata.resourceVersion).toBe(expected);
    expect((await scene.client.get(secrets, "mail-producer", scene.namespace))?.metadata.resourceVersion).toBe(
      secretBefore?.metadata.resourceVersion,
    );
    expect(await scene.broker.user(`${scene.namespace}.mail.producer`)).toEqual(userBefore);
    expect(await scene.events("JobQueue", "mail", "Drifted")).toEqual([]);
  });

  test("follows an edited spec at once, and the jobs in it stay", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail", { deliveryLimit: 7 });
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    await producer.publish(name, "send", { to: "a" });

    await scene.applyQueue("mail", { deliveryLimit: 3, deadLetter: { retention: "90m", maxLength: 9 } });
    await eventually(async () => {
      expect(await scene.broker.find("policies", `jobwright:${name}`)).toMatchObject({
        definition: { "delivery-limit": 3 },
      });
      expect(await scene.broker.find("policies", `jobwright:${name}.dead`)).toMatchObject({
        definition: { "message-ttl": 5_400_000, "max-length": 9 },
      });
    });
    expect(await takeIn(context, scene, name)).toEqual([{ to: "a" }]);
    await eventually(async () => {
      const [updated] = await scene.events("JobQueue", "mail", "Updated");
      expect(updated?.message).toContain("delivery-limit 7 instead of 3");
    });
    expect(await scene.events("JobQueue", "mail", "Drifted")).toEqual([]);

    // What was set and is set no more goes too.
    await scene.applyQueue("mail", {});
    await eventually(async () => {
      for (const policy of [name, `${name}.dead`]) {
        expect(await scene.broker.find("policies", `jobwright:${policy}`)).toBeUndefined();
      }
      const shared = `jobwright-defaults:${scene.namespace}`;
      expect(await scene.broker.find("queues", name)).toMatchObject({ policy: shared });
      expect(await scene.broker.find("queues", `${name}.dead`)).toMatchObject({
        policy: `${shared}/dead`,
        effective_policy_definition: { "message-ttl": 336 * 3_600_000 },
      });
    });
  });

  test("gets its Secret back when somebody deletes it, with a password that works", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    const before = await scene.secret("mail-producer");
    await scene.client.delete(secrets, "mail-producer", scene.namespace);
    await eventually(async () => {
      const after = await scene.secret("mail-producer");
      expect(after?.password).toBeDefined();
      expect(after?.password).not.toBe(before?.password);
      const producer = await connectAs(context, scene, "mail-producer");
      expect(await producer.publish(`${scene.namespace}.mail`, "send", {})).toBe("routed");
    });
  });

  test("gives a changed user on the broker its permissions and password back", async (context) => {
    const scene = await setScene(context, { resyncMs: 1_000 });
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await manage(scene.server, "DELETE", `/api/users/${scene.namespace}.mail.producer`);
    await eventually(async () => {
      const producer = await connectAs(context, scene, "mail-producer");
      expect(await producer.publish(`${scene.namespace}.mail`, "send", {})).toBe("routed");
    });
  });
});
