import { describe, expect, test } from "vitest";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, connectAsAdministrator, takeIn } from "./amqp.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

const versions = readCluster().brokers.map(({ version }) => version);
const quorum = { "x-queue-type": "quorum" };
/** What is stalled is looked at again so often, where a test waits for that. */
const refreshMs = 2_000;

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

/** What Stalled says, once it does. */
async function stalled(scene: Scene, name: string, reason: string): Promise<string> {
  return eventually(async () => {
    const said = condition(await scene.queue(name), "Stalled") ?? "";
    expect(said).toMatch(`Stalled=True ${reason}: `);
    return said;
  });
}

describe.concurrent.each(versions)(
  "a queue that was there before, on RabbitMQ %s,",
  { timeout: 300_000 },
  (version) => {
    test("is taken over with its messages and its bindings", async (context) => {
      const scene = await setScene(context, { version });
      const name = `${scene.namespace}.mail`;
      const administrator = await connectAsAdministrator(context, scene);
      await administrator.onChannel(async (channel) => {
        await channel.assertQueue(name, { durable: true, arguments: quorum });
        await channel.assertExchange("orders", "topic", { durable: true });
        await channel.bindQueue(name, "orders", "order.*");
      });
      await administrator.publish("", name, { before: true });
      await scene.applyQueue("mail");
      await ready(scene, "mail");
      await eventually(async () => {
        const [adopted] = await scene.events("JobQueue", "mail", "Adopted");
        expect(adopted?.message).toContain(
          `took over queue "${name}" with 1 messages, bound to exchange "orders" on "order.*"; what it lacks was made: `,
        );
      });
      // What its arguments lack is in its own policy, and its messages and its own sources stay.
      await eventually(async () =>
        expect(await scene.broker.find("queues", name)).toMatchObject({
          policy: `jobwright:${name}`,
          effective_policy_definition: { "dead-letter-exchange": `${name}.dlx`, overflow: "reject-publish" },
        }),
      );
      expect(await administrator.publish("orders", "order.new", { from: "orders" })).toBe("routed");
      const producer = await connectAs(context, scene, "mail-producer");
      expect(await producer.publish(name, "send", { from: "producer" })).toBe("routed");
      await administrator.onChannel(async (channel) => {
        const message = await channel.get(name);
        if (message === false) throw new Error("no message");
        expect(JSON.parse(message.content.toString())).toEqual({ before: true });
        channel.reject(message, false);
      });
      await eventually(async () => expect(await takeIn(context, scene, `${name}.dead`)).toEqual([{ before: true }]));
      expect(await takeIn(context, scene, name)).toEqual([{ from: "orders" }, { from: "producer" }]);

      // It is taken over once, edited like any other, and deleted like any other.
      await scene.applyQueue("mail", { deliveryLimit: 7, deletionPolicy: "Delete" });
      await eventually(async () =>
        expect(await scene.broker.find("policies", `jobwright:${name}`)).toMatchObject({
          definition: { "delivery-limit": 7, "dead-letter-exchange": `${name}.dlx` },
        }),
      );
      expect(await scene.events("JobQueue", "mail", "Adopted")).toHaveLength(1);
      expect(await scene.events("JobQueue", "mail", "Drifted")).toEqual([]);
    });

    test("is refused with all its differences if it cannot become what is wanted, and is taken once it is mended", async (context) => {
      const scene = await setScene(context, { version, refreshMs });
      const name = `${scene.namespace}.mail`;
      const administrator = await connectAsAdministrator(context, scene);
      await administrator.onChannel(async (channel) => {
        const theirs = { ...quorum, "x-dead-letter-exchange": "theirs", "x-message-ttl": 60_000 };
        await channel.assertQueue(name, { durable: true, arguments: theirs });
        await channel.assertQueue(`${name}.dead`, { durable: false, autoDelete: true });
        await channel.assertExchange(name, "direct", { durable: true });
      });
      await administrator.publish("", name, { precious: true });
      await scene.applyQueue("mail");
      const said = await stalled(scene, "mail", "QueueKindMismatch");
      expect(said).toContain(
        `queue "${name}" exists as quorum with x-dead-letter-exchange="theirs", x-message-ttl=60000, ` +
          `expected quorum with x-dead-letter-exchange="${name}.dlx" and without x-message-ttl: `,
      );
      expect(said).toContain(`queue "${name}.dead" exists as transient auto-delete classic, expected quorum`);
      expect(said).toContain(`exchange "${name}" exists as direct, expected topic`);
      // Nothing was made around it, and what is in it stays.
      expect(await scene.broker.find("exchanges", `${name}.dlx`)).toBeUndefined();
      expect(await takeIn(context, scene, name)).toEqual([{ precious: true }]);

      await scene.broker.remove("queues", name);
      await scene.broker.remove("queues", `${name}.dead`);
      expect(await stalled(scene, "mail", "ExchangeKindMismatch")).not.toContain("queue");
      await scene.broker.remove("exchanges", name);
      await ready(scene, "mail");
      const producer = await connectAs(context, scene, "mail-producer");
      expect(await producer.publish(name, "send", { n: 1 })).toBe("routed");
    });

    test("is refused while somebody has it exclusively", async (context) => {
      const scene = await setScene(context, { version, refreshMs });
      const name = `${scene.namespace}.mail`;
      const administrator = await connectAsAdministrator(context, scene);
      const channel = await administrator.model.createChannel();
      await channel.assertQueue(name, { exclusive: true, durable: false });
      await scene.applyQueue("mail");
      expect(await stalled(scene, "mail", "QueueKindMismatch")).toContain(
        `queue "${name}" exists as exclusive transient classic, expected quorum`,
      );
      await administrator.model.close();
      await ready(scene, "mail");
    });
  },
);
