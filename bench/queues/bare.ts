import { randomBytes } from "node:crypto";
import { type Channel, connect } from "amqplib";
import { Agent, request } from "undici";
import { createVhost, type PrivateBroker } from "../../test/broker/index.ts";
import type { Plan } from "./plan.ts";

/** More channels than these declare no faster: tried with 4 to 64. */
const channelCount = 20;
/** The same of the management API's connections. */
const httpCount = 8;

/** How long it took to declare a plan with nothing but the clients, in seconds. */
export interface BareTimes {
  readonly seconds: number;
  readonly queuesSeconds: number;
  readonly usersSeconds: number;
}

/**
 * Declares a plan in a fresh vhost as fast as amqplib and HTTP can: exchanges, queues and bindings by AMQP on many
 * channels, users and their permissions by the management API at the same time. Nothing is looked at first, nothing told afterwards.
 */
export async function declareBare(broker: PrivateBroker, plan: Plan): Promise<BareTimes> {
  await using vhost = await createVhost(broker, "bare");
  const at = encodeURIComponent(vhost.name);
  const connection = await connect(vhost.amqpUrl, { noDelay: true });
  const channels = await Promise.all(Array.from({ length: channelCount }, () => connection.createChannel()));
  const agent = new Agent({ connections: httpCount });
  const authorization = `Basic ${Buffer.from(`${broker.username}:${broker.password}`).toString("base64")}`;
  const put = async (path: string, body: object) => {
    const headers = { authorization, "content-type": "application/json" };
    const url = `${broker.managementUrl}/api/${path}`;
    const answer = await request(url, { method: "PUT", dispatcher: agent, headers, body: JSON.stringify(body) });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`PUT ${path} answered ${answer.statusCode}: ${text}`);
  };

  const beganMs = performance.now();
  const since = () => (performance.now() - beganMs) / 1000;
  for (const { name, ...policy } of plan.policies) await put(`policies/${at}/${encodeURIComponent(name)}`, policy);
  const byAmqp = async () => {
    await onEach(channels, plan.exchanges, (channel, { name, type, arguments: args }) =>
      channel.assertExchange(name, type, { durable: true, arguments: args }),
    );
    await onEach(channels, plan.queues, (channel, { name, arguments: args }) =>
      channel.assertQueue(name, { durable: true, arguments: args }),
    );
    const queuesSeconds = since();
    await onEach(channels, plan.bindings, (channel, { source, destination, destinationType, routingKey }) =>
      destinationType === "queue"
        ? channel.bindQueue(destination, source, routingKey)
        : channel.bindExchange(destination, source, routingKey),
    );
    return queuesSeconds;
  };
  const byHttp = async () => {
    const topics = Map.groupBy(plan.topics, ({ user }) => user);
    const suffix = randomBytes(4).toString("hex");
    await onEach(Array(httpCount).fill(undefined), plan.permissions, async (_, { user, ...permission }) => {
      const id = encodeURIComponent(`${user}-${suffix}`);
      await put(`users/${id}`, { password: randomBytes(24).toString("base64url"), tags: "" });
      for (const topic of topics.get(user) ?? []) await put(`topic-permissions/${at}/${id}`, topic);
      await put(`permissions/${at}/${id}`, permission);
    });
    return since();
  };
  const [queuesSeconds, usersSeconds] = await Promise.all([byAmqp(), byHttp()]);
  const seconds = since();
  await connection.close();
  await agent.close();
  return { seconds, queuesSeconds, usersSeconds };
}

async function onEach<T, By extends Channel | undefined>(
  workers: readonly By[],
  items: readonly T[],
  work: (by: By, item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values();
  await Promise.all(
    workers.map(async (by) => {
      for (const item of left) await work(by, item);
    }),
  );
}
