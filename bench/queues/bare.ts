import { randomBytes } from "node:crypto";
import { type Channel, connect } from "amqplib";
import { createVhost, manage, type PrivateBroker } from "../../test/broker/index.ts";
import { type Cpu, cpuBetween, readCpu } from "./cpu.ts";
import type { Plan } from "./plan.ts";
import { removeVhost } from "./remove-vhost.ts";

/** As many as the operator uses (broker/declarer.ts). */
const channelCount = 20;
/** The same of the calls to the management API that are under way at once. */
const httpCount = 8;

/** How long it took to declare a plan with nothing but the clients, in seconds. */
export interface BareTimes {
  readonly seconds: number;
  readonly queuesSeconds: number;
  readonly usersSeconds: number;
  readonly cpu: Cpu;
}

/**
 * Declares a plan in a fresh vhost as fast as amqplib and HTTP can: exchanges, queues and bindings by AMQP on many
 * channels, users and their permissions by the management API at the same time. Nothing is looked at first, nothing told afterwards.
 */
export async function declareBare(broker: PrivateBroker, plan: Plan): Promise<BareTimes> {
  const vhost = await createVhost(broker, "bare");
  const at = encodeURIComponent(vhost.name);
  const connection = await connect(vhost.amqpUrl, { noDelay: true });
  const channels = await Promise.all(Array.from({ length: channelCount }, () => connection.createChannel()));
  const put = (path: string, body: object) => manage(broker, "PUT", `/api/${path}`, body);

  const cpuBefore = readCpu(broker.pid);
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
  const cpu = cpuBetween(cpuBefore, readCpu(broker.pid));
  await connection.close();
  await removeVhost(broker, vhost.name);
  return { seconds, queuesSeconds, usersSeconds, cpu };
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
