import { delayBindingKey, delayDeliveryExchange, delayLevel } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { connectAs, connectAsAdministrator, takeIn } from "./amqp.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

interface Damage {
  readonly name: string;
  readonly spec?: Record<string, unknown>;
  /** Done by hand on the broker; `queue` is the JobQueue's resolved name. */
  damage(scene: Scene, queue: string): Promise<void>;
  /** What the Drifted event says was found. */
  said(queue: string): string;
  whole(scene: Scene, queue: string): Promise<void>;
}

const damages: Damage[] = [
  {
    name: "queue",
    damage: (scene, queue) => scene.broker.remove("queues", queue),
    said: (queue) => `queue "${queue}" was missing`,
    whole: async (scene, queue) => expect(await scene.broker.find("queues", queue)).toMatchObject({ type: "quorum" }),
  },
  {
    name: "exchange",
    damage: (scene, queue) => scene.broker.remove("exchanges", queue),
    said: (queue) => `exchange "${queue}" was missing`,
    whole: async (scene, queue) => expect(await scene.broker.find("exchanges", queue)).toMatchObject({ type: "topic" }),
  },
  {
    name: "binding",
    damage: (scene, queue) => scene.broker.remove("bindings", "e", queue, "q", queue, "#"),
    said: (queue) => `binding of queue "${queue}" to exchange "${queue}" on "#" was missing`,
    whole: async (scene, queue) => expect(await scene.broker.bindingKeys(queue, queue)).toContain("#"),
  },
  {
    name: "delay-binding",
    damage: (scene, queue) =>
      scene.broker.remove("bindings", "e", delayDeliveryExchange, "q", queue, delayBindingKey(queue)),
    said: (queue) => `binding of queue "${queue}" to exchange "${delayDeliveryExchange}"`,
    whole: async (scene, queue) =>
      expect(await scene.broker.bindingKeys(delayDeliveryExchange, queue)).toContain(delayBindingKey(queue)),
  },
  {
    name: "missing-policy",
    spec: { deliveryLimit: 7 },
    damage: (scene, queue) => scene.broker.remove("policies", `jobwright:${queue}`),
    said: (queue) => `policy "jobwright:${queue}" was missing`,
    whole: async (scene, queue) =>
      expect(await scene.broker.find("policies", `jobwright:${queue}`)).toMatchObject({
        definition: { "delivery-limit": 7 },
      }),
  },
  {
    name: "changed-policy",
    spec: { deadLetter: { retention: "48h" } },
    async damage(scene, queue) {
      const policy = (await scene.broker.find("policies", `jobwright:${queue}.dead`)) as Record<string, unknown>;
      const { pattern, priority } = policy;
      const definition = { "message-ttl": 1_000 };
      await scene.broker.put(
        { pattern, priority, definition, "apply-to": "queues" },
        "policies",
        `jobwright:${queue}.dead`,
      );
    },
    said: (queue) => `policy "jobwright:${queue}.dead" had message-ttl 1000 instead of 172800000`,
    whole: async (scene, queue) =>
      expect(await scene.broker.find("policies", `jobwright:${queue}.dead`)).toMatchObject({
        definition: { "message-ttl": 172_800_000 },
      }),
  },
  {
    name: "dead-queue",
    damage: (scene, queue) => scene.broker.remove("queues", `${queue}.dead`),
    said: (queue) => `queue "${queue}.dead" was missing`,
    whole: async (scene, queue) => {
      expect(await scene.broker.find("queues", `${queue}.dead`)).toMatchObject({ type: "quorum" });
      expect(await scene.broker.bindingKeys(`${queue}.dlx`, `${queue}.dead`)).toContain("");
    },
  },
  {
    name: "dead-letter-exchange",
    damage: (scene, queue) => scene.broker.remove("exchanges", `${queue}.dlx`),
    said: (queue) => `exchange "${queue}.dlx" was missing`,
    whole: async (scene, queue) =>
      expect(await scene.broker.find("exchanges", `${queue}.dlx`)).toMatchObject({ type: "fanout" }),
  },
];

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

describe.concurrent("what somebody changes on the broker by hand", { timeout: 120_000 }, () => {
  test("is put right within a refresh, with an event that says what was found", async (context) => {
    const scene = await setScene(context);
    const queueName = ({ name }: Damage) => `${scene.namespace}.${name}`;
    await Promise.all(damages.map(({ name, spec }) => scene.applyQueue(name, spec)));
    await Promise.all(damages.map(({ name }) => ready(scene, name)));
    await Promise.all(damages.map((each) => each.damage(scene, queueName(each))));
    await Promise.all(
      damages.map((each) =>
        eventually(async () => {
          const drifted = await scene.events("JobQueue", each.name, "Drifted");
          expect(drifted.map(({ message }) => message).join()).toContain(each.said(queueName(each)));
          expect(drifted[0]?.type).toBe("Warning");
          await each.whole(scene, queueName(each));
        }, 25),
      ),
    );
    // None is reported twice, and all stay ready.
    for (const { name } of damages) {
      expect((await scene.events("JobQueue", name, "Drifted")).map(({ series }) => series)).toEqual([undefined]);
      expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True");
    }
  });

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
    }, 25);
  });

  test("covers the delay fabric: a lost level comes back, and delays work through it", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const target = `${scene.namespace}.mail`;
    await scene.broker.remove("queues", delayLevel(1));
    await scene.broker.remove("exchanges", delayLevel(0));
    await eventually(async () => {
      const [drifted] = await scene.events("JobQueue", "mail", "Drifted");
      expect(drifted?.message).toContain(`queue "${delayLevel(1)}" was missing`);
      expect(drifted?.message).toContain(`exchange "${delayLevel(0)}" was missing`);
    }, 25);
    const administrator = await connectAsAdministrator(context, scene);
    const key = `${"0.".repeat(26)}1.1.${target}`;
    expect(await administrator.publish(delayLevel(27), key, { late: true })).toBe("routed");
    await eventually(async () => expect(await takeIn(context, scene, target)).toEqual([{ late: true }]));
  });

  test("shows when another policy goes over ours, and when it is gone again", async (context) => {
    const scene = await setScene(context);
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
    }, 30);
    await scene.broker.remove("policies", "everything");
    await eventually(async () => {
      const queue = await scene.queue("mail");
      expect(condition(queue, "PolicyOverridden")).toBeUndefined();
      expect(condition(queue, "Ready")).toMatch("Ready=True");
    }, 30);
  });

  test("leaves a producer able to publish once it is mended", async (context) => {
    const scene = await setScene(context);
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const producer = await connectAs(context, scene, "mail-producer");
    await scene.broker.remove("queues", name);
    expect(await producer.publish(name, "send", {})).toBe("unroutable");
    await eventually(async () => expect(await producer.publish(name, "send", {})).toBe("routed"), 25);
  });
});
