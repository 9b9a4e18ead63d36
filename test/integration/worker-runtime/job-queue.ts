import { queueNames } from "@jobwright/worker-runtime/contract";
import { type ChannelModel, type ConsumeMessage, connect, type GetMessage } from "amqplib";
import { onTestFinished } from "vitest";
import { ensureTopology, type Broker as OperatorBroker, openBroker } from "../../../operator/src/broker/index.ts";
import { defaultSettings } from "../../../operator/src/broker/settings.ts";
import { addressOf, type Broker, createVhost, manage, type Vhost } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { until } from "./until.ts";

/** A quorum queue that has not answered RabbitMQ itself by then is said to have no messages. */
const brokersPatienceMs = 250;

/** A JobQueue's topology in a vhost of the test's own, as the operator makes it. */
export interface TestQueue {
  readonly broker: Broker;
  readonly vhost: Vhost;
  /** The operator's view of the vhost. */
  readonly operator: OperatorBroker;
  /** Resolved name. */
  readonly name: string;
  /** The administrator's connection. */
  readonly admin: ChannelModel;
  /** Makes the topology whole again. */
  ensure(): Promise<void>;
  /** Publishes as a client of another make might: only `type` and what is given. A Buffer is sent as it is, else as JSON. */
  publish(
    type: string,
    body: unknown,
    properties?: { messageId?: string; replyTo?: string; headers?: Record<string, unknown> },
  ): Promise<void>;
  /** Waits for the next dead letter and takes it. */
  deadLetter(): Promise<GetMessage>;
  /** Messages ready in a queue. */
  ready(queue: string): Promise<number>;
  /** Stops the worker. @returns how many jobs it leaves in the work queue: what was acked is not among them. */
  leftBy(worker: { stop(): Promise<void> }): Promise<number>;
  /** Waits for the connections whose name ends so, and has the broker close them. @returns how many. */
  closeConnections(nameEnds: string): Promise<number>;
}

/** Everything is deleted when the test is over. */
export async function createTestQueue(
  name = "media.image-resize",
  lanes: readonly string[] = [],
  broker: Broker = readCluster().broker(),
): Promise<TestQueue> {
  const vhost = await createVhost(broker, "worker");
  const operator = openBroker(addressOf(broker, vhost.name), "test");
  const admin = await connect(vhost.amqpUrl);
  admin.on("error", () => {});
  onTestFinished(async () => {
    await admin.close().catch(() => {});
    await operator[Symbol.asyncDispose]();
    await vhost[Symbol.asyncDispose]();
  });

  const ensure = async () => {
    await ensureTopology(operator, { name, ...defaultSettings, lanes }, { fresh: true });
  };
  // As the operator does, which tries again where the broker fails.
  await until("the topology", () => ensure().then(() => true));
  const names = queueNames(name);
  const confirmed = admin.createConfirmChannel();
  // A test may be over before it is open.
  confirmed.catch(() => {});

  async function ready(queue: string): Promise<number> {
    const channel = await admin.createChannel();
    channel.on("error", () => {});
    try {
      for (;;) {
        const askedAtMs = performance.now();
        const { messageCount } = await channel.checkQueue(queue);
        if (messageCount > 0 || performance.now() - askedAtMs < brokersPatienceMs) return messageCount;
      }
    } finally {
      await channel.close().catch(() => {});
    }
  }

  const inVhost = `/api/vhosts/${encodeURIComponent(vhost.name)}`;
  const test: TestQueue = {
    broker,
    vhost,
    operator,
    name,
    admin,
    ensure,
    ready,
    async publish(type, body, properties = {}) {
      const channel = await confirmed;
      const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      channel.publish(names.exchange, type, content, { type, persistent: true, ...properties });
      await channel.waitForConfirms();
    },
    async deadLetter() {
      const channel = await admin.createChannel();
      const letter = await until("a dead letter", () => channel.get(names.deadLetterQueue, { noAck: true }));
      await channel.close();
      return letter;
    },
    async leftBy(worker) {
      await worker.stop();
      // The broker puts back what was not acked before it takes the next message, so once this one is confirmed the
      // count is right.
      const channel = await admin.createConfirmChannel();
      channel.sendToQueue(names.queue, Buffer.from("marker"));
      await channel.waitForConfirms();
      await channel.close();
      return (await ready(names.queue)) - 1;
    },
    async closeConnections(nameEnds) {
      type Connection = { name: string; client_properties?: { connection_name?: string } };
      const found = await until(`a connection named "… ${nameEnds}"`, async () => {
        const all = (await manage(broker, "GET", `${inVhost}/connections`)) as Connection[];
        const matching = all.filter((one) => one.client_properties?.connection_name?.endsWith(nameEnds));
        return matching.length > 0 && matching;
      });
      for (const { name: connection } of found) {
        await manage(broker, "DELETE", `/api/connections/${encodeURIComponent(connection)}`);
      }
      return found.length;
    },
  };
  return test;
}

/** A message's header as text or number. */
export function headerOf(message: ConsumeMessage | GetMessage, name: string): unknown {
  return message.properties.headers?.[name];
}
