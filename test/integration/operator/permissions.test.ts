import { randomUUID } from "node:crypto";
import { controlQueue, delayEntryExchange, delayRoutingKey, repliesExchange } from "@jobwright/worker-runtime/contract";
import { describe, expect, type TestContext, test } from "vitest";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, connectAsAdministrator } from "./amqp.ts";
import { type Around, acts, type PartyName, parties } from "./permission-acts.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

const secretOf: Record<PartyName, string> = {
  ...{ producer: "mail-producer", shop: "mail-producer-shop", pool: "mail-worker", publisher: "desk-worker" },
};

function around({ namespace }: Scene, party: PartyName): Around {
  const pool = party === "publisher" ? "desk" : "mail";
  const own = `${namespace}.${pool}`;
  return {
    ...{ namespace, own, pool, other: `${namespace}.other`, target: `${namespace}.audit` },
    replies: party === "shop" ? `${own}.@shop` : own,
  };
}

/** The queues mail, other, desk and audit with lanes, and a pool for each but audit, to which that of desk may enqueue. */
async function setStage(context: TestContext, version: Scene["server"]["version"]): Promise<Scene> {
  const scene = await setScene(context, { version });
  const lanes = [{ name: "fast" }];
  await scene.applyQueue("mail", { lanes, access: { producers: [{ name: "shop" }, { name: "crm" }] } });
  for (const name of ["other", "desk", "audit"]) await scene.applyQueue(name, { lanes });
  for (const name of ["mail", "other"]) await scene.applyPool(name);
  await scene.applyPool("desk", { publishTo: [{ name: "audit" }] });
  await eventually(async () => {
    for (const name of ["mail", "other", "desk", "audit"]) {
      expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True");
    }
    for (const name of ["mail", "other", "desk"]) {
      expect(condition(await scene.pool(name), "Ready")).toMatch("Ready=True");
    }
  });
  // A worker of the other pool is connected, so that there is something to take from it.
  const otherWorker = await connectAs(context, scene, "other-worker");
  const control = await otherWorker.model.createChannel();
  const identity = { namespace: scene.namespace, pool: "other", pod: "other-0" };
  await control.assertQueue(controlQueue(identity), { durable: false, autoDelete: true });
  return scene;
}

/** What the broker makes of each act of this party, a line each. */
async function tryAll(context: TestContext, scene: Scene, party: PartyName): Promise<string[]> {
  const connected = await connectAs(context, scene, secretOf[party]);
  const told: string[] = [];
  for (const [what, , act] of acts) {
    try {
      const result = await act(connected, around(scene, party));
      told.push(`${what}: ${result === "unroutable" ? "unroutable" : "done"}`);
    } catch (error) {
      told.push(`${what}: ${/ACCESS_REFUSED|\(403\)/.test(String(error)) ? "refused" : String(error)}`);
    }
  }
  return told;
}

/** Outcomes and replies that nobody listens to, and heartbeats, come to no queue. */
const unheard = /^(tell outcomes|answer jobs)$/;

async function askManagement({ server }: Scene, secret: Record<string, string> | undefined, path: string) {
  const { username = "", password = "" } = secret ?? {};
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return (await fetch(new URL(path, server.managementUrl), { headers: { authorization } })).status;
}

describe.concurrent.each(readCluster().brokers.map(({ version }) => version))(
  "on RabbitMQ %s",
  {
    timeout: 180_000,
  },
  (version) => {
    test("each party can do what it needs, and the broker refuses it the rest", async (context) => {
      const scene = await setStage(context, version);
      const administrator = await connectAsAdministrator(context, scene);
      for (const party of parties) {
        const expected = acts.map(([what, who]) => {
          if (!who.includes(party)) return `${what}: refused`;
          return `${what}: ${unheard.test(what) ? "unroutable" : "done"}`;
        });
        expect(await tryAll(context, scene, party), party).toEqual(expected);
      }
      for (const secret of Object.values(secretOf)) {
        const credentials = await scene.secret(secret);
        for (const path of ["/api/overview", "/api/queues", "/api/users", "/api/definitions", "/api/whoami"]) {
          expect(await askManagement(scene, credentials, path), `${secret} at ${path}`).toBe(401);
        }
      }
      // No attempt left a trace.
      for (const queue of ["other", "other.fast", "other.dead", "audit.dead"]) {
        const found = await administrator.onChannel((channel) => channel.checkQueue(`${scene.namespace}.${queue}`));
        expect(found, queue).toMatchObject({ messageCount: 0 });
      }
    });

    test("a permission to enqueue elsewhere comes with the queue, follows its lanes, and goes with the entry", async (context) => {
      const scene = await setScene(context, { version });
      const to = (...names: string[]) => ({ publishTo: names.map((name) => ({ name })) });
      await scene.applyQueue("desk");
      await scene.applyPool("desk", to("audit"));
      const ready = async () => condition(await scene.pool("desk"), "Ready");
      await eventually(async () => expect(await ready()).toMatch(/Ready=False PublishToNotFound.*audit.*create it/));
      // It runs all the same.
      await eventually(async () => expect(await scene.deployment("desk")).toBeDefined());
      const target = `${scene.namespace}.audit`;
      const enqueue = async (routingKey: string, exchange = target) => {
        const worker = await connectAs(context, scene, "desk-worker");
        return worker.publish(exchange, routingKey, {}).catch((error: unknown) => String(error));
      };
      const delayed = (queue: string) => enqueue(delayRoutingKey(60_000, queue), delayEntryExchange);

      await scene.applyQueue("audit");
      await eventually(async () => expect(await ready()).toMatch("Ready=True"));
      expect((await scene.pool("desk"))?.status?.publishTo).toEqual([{ name: "audit", queue: target }]);
      expect([await enqueue("send"), await delayed(target)]).toEqual(["routed", "routed"]);
      expect(await delayed(`${target}.fast`)).toMatch("ACCESS_REFUSED");

      await scene.applyQueue("audit", { lanes: [{ name: "fast" }] });
      await eventually(async () => expect(await delayed(`${target}.fast`)).toBe("routed"));
      expect(await enqueue("lane.fast.send")).toBe("routed");

      await scene.applyPool("desk");
      await eventually(async () => expect(await enqueue("send")).toMatch("ACCESS_REFUSED"));
      expect(await delayed(target)).toMatch("ACCESS_REFUSED");
      await eventually(async () => expect((await scene.pool("desk"))?.status?.publishTo).toBeUndefined());
      expect(await enqueue("send", `${scene.namespace}.desk`)).toBe("routed");
    });

    test("a queue that encrypts is refused with the way out, and the others are granted", async (context) => {
      const scene = await setScene(context, { version });
      await scene.applyQueue("desk");
      await scene.applyQueue("audit");
      await scene.applyQueue("letters", { encryption: { keySecretRef: { name: "keys" } } });
      await scene.applyPool("desk", { publishTo: [{ name: "letters" }, { name: "audit" }] });
      await eventually(async () => {
        expect(condition(await scene.pool("desk"), "Ready")).toMatch(/Ready=False PublishToEncrypted.*createProducer/);
        expect((await scene.pool("desk"))?.status?.publishTo).toMatchObject([{ name: "audit" }]);
      });
    });

    // What a user may write to, RabbitMQ also lets its queues dead-letter to, with whatever key: it looks at the exchange only.
    // And before 4.0 it does not look at the further keys in a message's headers. docs/jobqueue/producing.md says so.
    test("what RabbitMQ cannot be made to refuse is no more than is documented: a job put into another's queue", async (context) => {
      const scene = await setStage(context, version);
      const { own, other, replies } = around(scene, "producer");
      const producer = await connectAs(context, scene, "mail-producer");
      const CC = [delayRoutingKey(0, other)];
      const copied = producer.publish(delayEntryExchange, delayRoutingKey(60_000, own), {}, { CC });
      if (version === "3.10") await copied;
      else await expect(copied).rejects.toThrow("ACCESS_REFUSED");

      const channel = await producer.model.createChannel();
      const queue = `${repliesExchange}.${replies}.${randomUUID()}`;
      await channel.assertQueue(queue, {
        ...{ durable: false, exclusive: true, messageTtl: 1, deadLetterExchange: delayEntryExchange },
        deadLetterRoutingKey: delayRoutingKey(0, other),
      });
      await channel.bindQueue(queue, repliesExchange, `${replies}.7f3a`);
      const pool = await connectAs(context, scene, "mail-worker");
      await pool.publish(repliesExchange, `${replies}.7f3a`, {});
      const administrator = await connectAsAdministrator(context, scene);
      await eventually(async () => {
        const found = await administrator.onChannel((each) => each.checkQueue(other));
        expect(found.messageCount).toBe(version === "3.10" ? 2 : 1);
      });
    });
  },
);
