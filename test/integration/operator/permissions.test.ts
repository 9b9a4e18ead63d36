import { randomUUID } from "node:crypto";
import {
  controlQueue,
  delayEntryExchange,
  delayRoutingKey,
  heartbeatExchange,
  heartbeatRoutingKey,
  repliesExchange,
} from "@jobwright/worker-runtime/contract";
import type { Channel } from "amqplib";
import { describe, expect, test } from "vitest";
import { readCluster } from "../../cluster/index.ts";
import { connectAs, connectAsAdministrator, type Party } from "./amqp.ts";
import { condition, eventually, type Scene, setScene } from "./scene.ts";

interface Names {
  readonly namespace: string;
  /** Resolved name of the party's own queue. */
  readonly own: string;
  /** Another JobQueue of the namespace, with a pool too. */
  readonly other: string;
}

type Act = (party: Party, names: Names) => Promise<unknown>;

const pod = "mail-0";
const worker = (pool: string, { namespace }: Names) => ({ namespace, pool, pod });
const delayed = (target: string) => delayRoutingKey(60_000, target);
const declare = (name: string, options: Parameters<Channel["assertQueue"]>[1]) => (party: Party) =>
  party.onChannel((channel) => channel.assertQueue(name, options));

/** Listens for replies with this key, in a queue of the party's own. */
const hearReplies = (party: Party, queue: string, key: string) =>
  party.onChannel(async (channel) => {
    const own = `jobwright.replies.${queue}.${randomUUID()}`;
    await channel.assertQueue(own, { durable: false, exclusive: true });
    await channel.bindQueue(own, repliesExchange, key);
    await channel.consume(own, () => {});
  });

/** What neither a producer nor a pool may do. */
const forbiddenToAll: Record<string, Act> = {
  "publish to another JobQueue's exchange": (party, { other }) => party.publish(other, "send", {}),
  "publish to the default exchange, and so to any queue": (party, { own }) => party.publish("", own, {}),
  "publish to another's dead-letter exchange": (party, { other }) => party.publish(`${other}.dlx`, "", {}),
  "delay a job to another queue": (party, { other }) => party.publish(delayEntryExchange, delayed(other), {}),
  "enter the delay fabric below its top": (party, { own }) => party.publish("jobwright.delay.3", delayed(own), {}),
  "deliver behind the delay fabric": (party, { own }) => party.publish("jobwright.delay.deliver", delayed(own), {}),
  "report as a worker of another pool": (party, names) =>
    party.publish(heartbeatExchange, heartbeatRoutingKey(worker("other", names)), {}),
  "publish to another's outcome exchange": (party, { other }) => party.publish(`${other}.outcomes`, "done.send", {}),
  "delay a job to its own dead letters": (party, { own }) =>
    party.publish(delayEntryExchange, delayed(`${own}.dead`), {}),
  "delay a job to another queue's lane": (party, { other }) =>
    party.publish(delayEntryExchange, delayed(`${other}.fast`), {}),
  "take jobs from another queue's lane": (party, { other }) =>
    party.onChannel((channel) => channel.get(`${other}.fast`)),
  "publish around the lanes": (party, { own }) => party.publish(`${own}.unlaned`, "send", {}),
  "hear its own queue's outcomes": (party, { own }) =>
    party.onChannel((channel) => channel.bindQueue(`${own}.fast`, `${own}.outcomes`, "#")),
  "take jobs from another queue": (party, { other }) => party.onChannel((channel) => channel.get(other)),
  "consume its own dead letters": (party, { own }) =>
    party.onChannel((channel) => channel.consume(`${own}.dead`, () => {})),
  "consume from a level of the delay fabric": (party) => party.onChannel((channel) => channel.get("jobwright.delay.5")),
  "consume parked jobs": (party) => party.onChannel((channel) => channel.get("jobwright.delay.parked")),
  "purge its own queue's dead letters": (party, { own }) =>
    party.onChannel((channel) => channel.purgeQueue(`${own}.dead`)),
  "delete its own queue": (party, { own }) => party.onChannel((channel) => channel.deleteQueue(own)),
  "delete its own exchange": (party, { own }) => party.onChannel((channel) => channel.deleteExchange(own)),
  "declare a queue": (party) => declare("mine", { durable: false })(party),
  "declare an exchange": (party) => party.onChannel((channel) => channel.assertExchange("mine", "fanout")),
  "bind its own queue to another exchange": (party, { own, other }) =>
    party.onChannel((channel) => channel.bindQueue(own, other, "#")),
  "listen to heartbeats": (party) =>
    party.onChannel(async (channel) => {
      const { queue } = await channel.assertQueue("", { exclusive: true });
      await channel.bindQueue(queue, heartbeatExchange, "#");
    }),
  "take the commands for another pool's worker": (party, names) =>
    party.onChannel((channel) => channel.consume(controlQueue(worker("other", names)), () => {})),
};

const forbiddenToProducer: Record<string, Act> = {
  "take jobs from a lane it feeds": (party, { own }) => party.onChannel((channel) => channel.get(`${own}.fast`)),
  "tell outcomes": (party, { own }) => party.publish(`${own}.outcomes`, "done.send", {}),
  "answer jobs": (party, { own }) => party.publish(repliesExchange, `${own}.7f3a`, {}),
  "hear all replies": (party, { own }) => hearReplies(party, own, "#"),
  "hear every reply to its queue's producers": (party, { own }) => hearReplies(party, own, `${own}.*`),
  "hear replies to another queue's producer": (party, { own, other }) => hearReplies(party, own, `${other}.7f3a`),
  "have another queue's reply queue": (party, { other }) =>
    declare(`jobwright.replies.${other}.mine`, { durable: false, exclusive: true })(party),
  "take jobs from the queue it feeds": (party, { own }) => party.onChannel((channel) => channel.get(own)),
  "write dead letters": (party, { own }) => party.publish(`${own}.dlx`, "", {}),
  "report as a worker": (party, names) =>
    party.publish(heartbeatExchange, heartbeatRoutingKey(worker("mail", names)), {}),
  "have a control queue": (party, names) =>
    declare(controlQueue(worker("mail", names)), { durable: false, exclusive: true })(party),
};

const forbiddenToPool: Record<string, Act> = {
  "have a producer's reply queue": (party, { own }) =>
    declare(`jobwright.replies.${own}.mine`, { durable: false, exclusive: true })(party),
  "report as a worker of another namespace": (party) =>
    party.publish(heartbeatExchange, heartbeatRoutingKey({ namespace: "elsewhere", pool: "mail", pod }), {}),
  "have another pool's control queue": (party, names) =>
    declare(controlQueue({ ...worker("other", names), pod: "taken" }), { durable: false, exclusive: true })(party),
  "command another worker": (party, names) => party.publish("", controlQueue(worker("other", names)), {}),
  "purge its own queue by deleting it when empty": (party, { own }) =>
    party.onChannel((channel) => channel.deleteQueue(own, { ifEmpty: true })),
};

const allowedToProducer: Record<string, Act> = {
  "publish to its exchange, with any key": async (party, { own }) =>
    expect(await party.publish(own, "any.key.at.all", { n: 1 })).toBe("routed"),
  "publish to a lane": async (party, { own }) => expect(await party.publish(own, "lane.fast.send", {})).toBe("routed"),
  "delay a job to its queue": async (party, { own }) =>
    expect(await party.publish(delayEntryExchange, delayed(own), {})).toBe("routed"),
  "delay a job to a lane of it": async (party, { own }) =>
    expect(await party.publish(delayEntryExchange, delayed(`${own}.fast`), {})).toBe("routed"),
  "hear the reply to a key of its own": (party, { own }) => hearReplies(party, own, `${own}.7f3a`),
};

const allowedToPool: Record<string, Act> = {
  "take jobs": (party, { own }) => party.onChannel((channel) => channel.consume(own, () => {})),
  "take jobs from its lane": (party, { own }) => party.onChannel((channel) => channel.consume(`${own}.fast`, () => {})),
  "publish new jobs to its own queue": async (party, { own }) =>
    expect(await party.publish(own, "lane.fast.send", {})).toBe("routed"),
  "tell outcomes": (party, { own }) => party.publish(`${own}.outcomes`, "done.send", {}),
  "answer jobs": (party) => party.publish(repliesExchange, "whatever.the.producer.said", {}),
  "delay a job to its lane": async (party, { own }) =>
    expect(await party.publish(delayEntryExchange, delayed(`${own}.fast`), {})).toBe("routed"),
  "look at its queue": (party, { own }) => party.onChannel((channel) => channel.checkQueue(own)),
  "dead-letter a job": async (party, { own }) => expect(await party.publish(`${own}.dlx`, "", {})).toBe("routed"),
  "delay a job to its own queue": async (party, { own }) =>
    expect(await party.publish(delayEntryExchange, delayed(own), {})).toBe("routed"),
  "report under its own name": (party, names) =>
    party.publish(heartbeatExchange, heartbeatRoutingKey(worker("mail", names)), {}),
  "have a control queue and take commands from it": (party, names) =>
    party.onChannel(async (channel) => {
      const queue = controlQueue(worker("mail", names));
      await channel.assertQueue(queue, { durable: false, exclusive: true, autoDelete: true });
      await channel.consume(queue, () => {});
    }),
};

/** Tries all of a table at once, each on a connection of its own, and tells what the broker said to each. */
async function tryAll(acts: Record<string, Act>, connect: () => Promise<Party>, names: Names): Promise<string[]> {
  return Promise.all(
    Object.entries(acts).map(async ([what, act]) => {
      const party = await connect();
      try {
        await act(party, names);
        return `${what}: done`;
      } catch (error) {
        return `${what}: ${/ACCESS_REFUSED|\(403\)/.test(String(error)) ? "refused" : String(error)}`;
      }
    }),
  );
}

const all = (acts: Record<string, Act>, outcome: string) => Object.keys(acts).map((what) => `${what}: ${outcome}`);

async function askManagement({ server }: Scene, secret: Record<string, string> | undefined, path: string) {
  const { username = "", password = "" } = secret ?? {};
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return (await fetch(new URL(path, server.managementUrl), { headers: { authorization } })).status;
}

describe.each(readCluster().brokers.map(({ version }) => version))("on RabbitMQ %s", (version) => {
  test("a producer and a pool can do what they need, and the broker refuses them the rest", async (context) => {
    const scene = await setScene(context, { version });
    await Promise.all(
      ["mail", "other"].flatMap((name) => [
        scene.applyQueue(name, { lanes: [{ name: "fast" }] }),
        scene.applyPool(name),
      ]),
    );
    for (const name of ["mail", "other"]) {
      await eventually(async () => {
        expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True");
        expect(condition(await scene.pool(name), "Ready")).toMatch("Ready=True");
      });
    }
    const { namespace } = scene;
    const names: Names = { namespace, own: `${namespace}.mail`, other: `${namespace}.other` };
    // A worker of the other pool is connected, so that there is something to take from it.
    const otherWorker = await connectAs(context, scene, "other-worker");
    const control = await otherWorker.model.createChannel();
    await control.assertQueue(controlQueue(worker("other", names)), { durable: false, autoDelete: true });
    const administrator = await connectAsAdministrator(context, scene);

    const producer = () => connectAs(context, scene, "mail-producer");
    expect(await tryAll(allowedToProducer, producer, names)).toEqual(all(allowedToProducer, "done"));
    const notForProducers = { ...forbiddenToAll, ...forbiddenToProducer };
    expect(await tryAll(notForProducers, producer, names)).toEqual(all(notForProducers, "refused"));

    const pool = () => connectAs(context, scene, "mail-worker");
    expect(await tryAll(allowedToPool, pool, names)).toEqual(all(allowedToPool, "done"));
    const notForPools = { ...forbiddenToAll, ...forbiddenToPool };
    expect(await tryAll(notForPools, pool, names)).toEqual(all(notForPools, "refused"));

    for (const secret of ["mail-producer", "mail-worker"]) {
      const credentials = await scene.secret(secret);
      for (const path of ["/api/overview", "/api/queues", "/api/users", "/api/definitions"]) {
        expect(await askManagement(scene, credentials, path), `${secret} at ${path}`).toBe(401);
      }
    }
    // No attempt left a trace.
    expect(await administrator.onChannel((channel) => channel.checkQueue(names.other))).toMatchObject({
      messageCount: 0,
    });
  });
});
