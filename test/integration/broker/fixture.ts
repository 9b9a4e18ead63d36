import { type Channel, type ChannelModel, connect, type Options } from "amqplib";
import { expect, onTestFinished } from "vitest";
import { type Broker, type JobQueueOnBroker, openBroker } from "../../../operator/src/broker/index.ts";
import { defaultSettings } from "../../../operator/src/broker/settings.ts";
import { addressOf, createVhost, type Broker as Server } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";

/** Every RabbitMQ that runs now: each test is done on all of them. */
export const servers: Server[] = readCluster().brokers;

/** A JobQueue as most tests want it: all settings are the defaults. */
export const jobQueue: JobQueueOnBroker = { name: "media.image-resize", ...defaultSettings };

/** A vhost of the test's own and the library's view of it; both go when the test ends. */
export async function freshBroker(server: Server, prefix: string): Promise<Broker> {
  const vhost = await createVhost(server, `broker-${prefix}`);
  const broker = openBroker(addressOf(server, vhost.name), "test");
  onTestFinished(async () => {
    await broker[Symbol.asyncDispose]();
    await vhost[Symbol.asyncDispose]();
  });
  return broker;
}

/** A connection that does not go through the library; closed when the test ends. */
export async function rawConnection(
  { address }: Broker,
  as: { username: string; password: string } = address,
): Promise<ChannelModel> {
  const model = await connect({
    hostname: address.host,
    port: address.port,
    username: as.username,
    password: as.password,
    vhost: encodeURIComponent(address.vhost),
  });
  model.on("error", () => {});
  onTestFinished(() => model.close().catch(() => {}));
  return model;
}

/** A channel on a connection of its own. */
export async function rawChannel(broker: Broker): Promise<Channel> {
  const channel = await (await rawConnection(broker)).createChannel();
  channel.on("error", () => {});
  return channel;
}

/** Publishes mandatory with a confirm. Tells whether the message was taken in by a queue. */
export async function publish(
  model: ChannelModel,
  exchange: string,
  routingKey: string,
  body: unknown,
  options: Options.Publish = {},
): Promise<"routed" | "returned"> {
  const channel = await model.createConfirmChannel();
  channel.on("error", () => {});
  let outcome: "routed" | "returned" = "routed";
  channel.on("return", () => {
    outcome = "returned";
  });
  const closed = new Promise<never>((_, reject) => channel.once("error", reject));
  channel.publish(exchange, routingKey, Buffer.from(JSON.stringify(body)), {
    mandatory: true,
    persistent: true,
    ...options,
  });
  await Promise.race([channel.waitForConfirms(), closed]);
  await channel.close();
  return outcome;
}

/** Takes every message that is in a queue now, in order. */
export async function takeAll(channel: Channel, queue: string): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return bodies;
    bodies.push(JSON.parse(message.content.toString("utf8")));
  }
}

/** Ends the library's connections the way an administrator would, once the broker's statistics show them. */
export async function closeConnections({ management, address }: Broker): Promise<void> {
  const closed = async () => {
    const list = (await management.get(`vhosts/${encodeURIComponent(address.vhost)}/connections`)) as {
      name: string;
      client_properties?: { connection_name?: string };
    }[];
    const ours = list.filter(({ client_properties }) => client_properties?.connection_name?.startsWith("test"));
    for (const one of ours) await management.remove(`connections/${encodeURIComponent(one.name)}`);
    return ours.length;
  };
  await expect.poll(closed).toBeGreaterThan(0);
}
