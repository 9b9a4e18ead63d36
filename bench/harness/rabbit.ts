import { connect } from "amqplib";
import { ensureTopology, openBroker } from "../../operator/src/broker/index.ts";
import { addressOf, createVhost, startPrivateBroker } from "../../test/broker/index.ts";
import { benchJob } from "../subjects/subject.ts";
import { payloadOf } from "./payload.ts";

/** A RabbitMQ of the bench's own, with any number of JobQueues as the operator makes them. */
export interface RabbitQueues extends AsyncDisposable {
  readonly url: string;
  /** Makes queues by their resolved names. All subjects' queues are made alike. */
  create(names: readonly string[]): Promise<void>;
  /** Puts the same jobs into every one of the queues, and resolves when the broker has stored them. */
  fill(queues: readonly string[], jobs: number, payloadBytes: number): Promise<void>;
  /** Jobs ready in a queue; those that are being worked on are not among them. */
  ready(queue: string): Promise<number>;
  purge(queue: string): Promise<void>;
}

const fillExchange = "bench.fill";
const unconfirmed = 2_000;

export async function openRabbitQueues(): Promise<RabbitQueues> {
  const broker = await startPrivateBroker();
  const vhost = await createVhost(broker, "bench");
  const operator = openBroker(addressOf(broker, vhost.name), "bench");
  const connection = await connect(vhost.amqpUrl, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange(fillExchange, "fanout");

  return {
    url: vhost.amqpUrl,
    async create(names) {
      for (const name of names) {
        await ensureTopology(
          operator,
          { name, deliveryLimit: 20, deadLetter: { retentionMs: 3_600_000 } },
          { fresh: true },
        );
      }
    },
    async fill(queues, jobs, payloadBytes) {
      for (const queue of queues) await channel.bindQueue(queue, fillExchange, "");
      const payload = payloadOf(payloadBytes);
      for (let sequence = 0; sequence < jobs; sequence += 1) {
        const content = Buffer.from(JSON.stringify({ sequence, sentAtMs: 0, payload }));
        const properties = {
          messageId: `bench-${sequence}`,
          type: benchJob,
          contentType: "application/json",
          persistent: true,
          timestamp: Math.floor(Date.now() / 1000),
        };
        channel.publish(fillExchange, benchJob, content, properties);
        if (sequence % unconfirmed === unconfirmed - 1) await channel.waitForConfirms();
      }
      await channel.waitForConfirms();
      for (const queue of queues) await channel.unbindQueue(queue, fillExchange, "");
    },
    ready: async (queue) => (await channel.checkQueue(queue)).messageCount,
    async purge(queue) {
      await channel.purgeQueue(queue);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await operator[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}
