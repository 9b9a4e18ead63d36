import {
  controlQueue,
  delayEntryExchange,
  delayRoutingKey,
  heartbeatExchange,
} from "@jobwright/worker-runtime/contract";
import type { ChannelModel } from "amqplib";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Broker,
  deleteUser,
  ensureTopology,
  ensureUser,
  type Permissions,
  poolPermissions,
  producerPermissions,
} from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, publish, rawConnection, servers } from "./fixture.ts";

const pool = { namespace: "media", pool: "resizers" };
const worker = { ...pool, pod: "resizers-5d9c7-abcde" };

async function userOf(broker: Broker, permissions: Permissions) {
  const user = { name: `test-${broker.address.vhost}`, password: "first", permissions };
  await ensureUser(broker, user);
  onTestFinished(() => deleteUser(broker, user.name));
  return user;
}

async function connectedAs(broker: Broker, permissions: Permissions): Promise<ChannelModel> {
  await ensureTopology(broker, jobQueue);
  await ensureTopology(broker, { ...jobQueue, name: "media.other" });
  const { name: username, password } = await userOf(broker, permissions);
  return rawConnection(broker, { username, password });
}

/** What a try on a channel of its own comes to. */
async function tried(connection: ChannelModel, what: (channel: Channel) => Promise<unknown>): Promise<string> {
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  try {
    await what(channel);
    await channel.close();
    return "allowed";
  } catch (error) {
    return String(error).includes("ACCESS_REFUSED") || String(error).includes("ACCESS-REFUSED")
      ? "refused"
      : String(error);
  }
}
type Channel = Awaited<ReturnType<ChannelModel["createChannel"]>>;

async function published(connection: ChannelModel, exchange: string, key: string): Promise<string> {
  return publish(connection, exchange, key, "x").catch((error: unknown) =>
    String(error).includes("ACCESS_REFUSED") ? "refused" : String(error),
  );
}

describe.each(servers)("users on RabbitMQ $version", (server) => {
  it("a pool's user can do what a worker does", async () => {
    const broker = await freshBroker(server, "pool");
    const as = await connectedAs(broker, poolPermissions({ queueName: jobQueue.name, ...pool }));
    const own = controlQueue(worker);
    expect(await tried(as, (channel) => channel.consume(jobQueue.name, () => {}))).toBe("allowed");
    const channel = await as.createChannel();
    await channel.assertQueue(own, { exclusive: true, durable: false, arguments: { "x-queue-type": "classic" } });
    await channel.consume(own, () => {});
    expect(await published(as, `${jobQueue.name}.dlx`, "resize")).toBe("routed");
    expect(await published(as, delayEntryExchange, delayRoutingKey(60_000, jobQueue.name))).toBe("routed");
    expect(await published(as, heartbeatExchange, `media.resizers.${worker.pod}`)).toBe("returned");
  });

  it("a pool's user is refused everything else", async () => {
    const broker = await freshBroker(server, "pool-not");
    const as = await connectedAs(broker, poolPermissions({ queueName: jobQueue.name, ...pool }));
    const outcomes = {
      "reads another queue": await tried(as, (channel) => channel.get("media.other")),
      "reads its dead letters": await tried(as, (channel) => channel.get(`${jobQueue.name}.dead`)),
      "publishes another's jobs": await published(as, "media.other", "resize"),
      "writes to a queue directly": await published(as, "", "media.other"),
      "commands a worker": await published(as, "", controlQueue(worker)),
      "delays into another queue": await published(as, delayEntryExchange, delayRoutingKey(1000, "media.other")),
      "enters the delays below the top": await published(as, "jobwright.delay.3", delayRoutingKey(1000, jobQueue.name)),
      "delivers around the delays": await published(as, "jobwright.delay.deliver", delayRoutingKey(0, "media.other")),
      "reports for another pool": await published(as, heartbeatExchange, "media.others.pod"),
      "dead-letters for another queue": await published(as, "media.other.dlx", "resize"),
      "takes another pool's commands": await tried(as, (channel) =>
        channel.assertQueue("jobwright.control.media.others.pod", { exclusive: true, durable: false }),
      ),
      "listens to heartbeats": await tried(as, async (channel) => {
        const own = controlQueue(worker);
        await channel.assertQueue(own, { exclusive: true, durable: false, arguments: { "x-queue-type": "classic" } });
        await channel.bindQueue(own, heartbeatExchange, "#");
      }),
      "deletes its queue": await tried(as, (channel) => channel.deleteQueue(jobQueue.name)),
      "purges its queue": await tried(as, (channel) => channel.purgeQueue("media.other")),
      "declares a queue": await tried(as, (channel) => channel.assertQueue("media.mine")),
    };
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== "refused")).toEqual([]);
  });

  it("a producer's user can publish to its exchange, and nothing else", async () => {
    const broker = await freshBroker(server, "producer");
    const as = await connectedAs(broker, producerPermissions({ queueName: jobQueue.name }));
    expect(await published(as, jobQueue.name, "resize")).toBe("routed");
    const outcomes = {
      "takes jobs": await tried(as, (channel) => channel.get(jobQueue.name)),
      "publishes another's jobs": await published(as, "media.other", "resize"),
      "writes to a queue directly": await published(as, "", jobQueue.name),
      "dead-letters": await published(as, `${jobQueue.name}.dlx`, "resize"),
      "commands a worker": await published(as, "", controlQueue(worker)),
      reports: await published(as, heartbeatExchange, "media.resizers.pod"),
      "declares a queue": await tried(as, (channel) => channel.assertQueue("mine")),
      "declares an exclusive queue": await tried(as, (channel) => channel.assertQueue("", { exclusive: true })),
      "unbinds the queue": await tried(as, (channel) => channel.unbindQueue(jobQueue.name, jobQueue.name, "#")),
      "deletes the exchange": await tried(as, (channel) => channel.deleteExchange(jobQueue.name)),
    };
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== "refused")).toEqual([]);
  });

  it("ensureUser writes nothing when all is well, follows a new password and takes away tags and permissions", async () => {
    const broker = await freshBroker(server, "ensure-user");
    const user = await userOf(broker, poolPermissions({ queueName: jobQueue.name, ...pool }));
    expect(await ensureUser(broker, user)).toEqual([]);

    expect(await ensureUser(broker, { ...user, password: "second" })).toHaveLength(1);
    await expect(rawConnection(broker, { username: user.name, password: "first" })).rejects.toThrow(/ACCESS.REFUSED/);
    await rawConnection(broker, { username: user.name, password: "second" });

    const at = encodeURIComponent(broker.address.vhost);
    await broker.management.put(`users/${user.name}`, { password: "second", tags: "administrator" });
    await broker.management.put(`permissions/${at}/${user.name}`, { configure: ".*", write: ".*", read: ".*" });
    await broker.management.put(`topic-permissions/${at}/${user.name}`, {
      exchange: delayEntryExchange,
      write: ".*",
      read: ".*",
    });
    broker.users.forget();
    expect(await ensureUser(broker, { ...user, password: "second" })).toHaveLength(2);
    expect(await ensureUser(broker, { ...user, password: "second" })).toEqual([]);
    const as = await rawConnection(broker, { username: user.name, password: "second" });
    await ensureTopology(broker, jobQueue);
    expect(await published(as, delayEntryExchange, delayRoutingKey(1000, "media.other"))).toBe("refused");
  });
});
