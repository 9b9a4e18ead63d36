import { randomUUID } from "node:crypto";
import { type ConsumeMessage, connect } from "amqplib";
import { createSlots } from "./slots.ts";
import { type BenchInput, benchJob, type Subject } from "./subject.ts";

/**
 * amqplib by hand, as a careful engineer writes it: manual ack after the handler, confirmed mandatory publishing, a
 * returned message is an error. Nothing else: no validation, metrics, retries, reconnecting.
 *
 * @param prefetchOf how many unsettled deliveries it asks for. With more than `concurrency` it queues the rest itself.
 */
export function amqplib(prefetchOf: (concurrency: number) => number): Subject {
  return {
    async openConsumer({ url, queue }, concurrency, handle) {
      const connection = await connect(url, { noDelay: true });
      let channel = await connection.createChannel();
      let consumerTag = "";
      const slots = createSlots(concurrency);

      async function onMessage(message: ConsumeMessage | null): Promise<void> {
        if (message === null) throw new Error("the broker cancelled the consumer");
        const input: BenchInput = JSON.parse(message.content.toString("utf8"));
        await handle(input);
        channel.ack(message);
      }

      return {
        async resume() {
          const prefetch = prefetchOf(concurrency);
          await channel.prefetch(prefetch);
          // With a slot for each delivery the broker does the limiting.
          const take =
            prefetch <= concurrency
              ? onMessage
              : (message: ConsumeMessage | null) => slots.run(() => onMessage(message));
          ({ consumerTag } = await channel.consume(queue, (message) => void take(message)));
        },
        async pause() {
          await channel.cancel(consumerTag);
          // The broker answers a close after it has taken the acks before it.
          await channel.close();
          channel = await connection.createChannel();
        },
        close: () => connection.close(),
      };
    },

    async openProducer({ url, queue: exchange }) {
      const connection = await connect(url, { noDelay: true });
      const channel = await connection.createConfirmChannel();
      const returned = new Set<string>();
      channel.on("return", (message) => returned.add(message.properties.messageId));
      return {
        enqueue: (input) =>
          new Promise<void>((resolve, reject) => {
            const messageId = randomUUID();
            const content = Buffer.from(JSON.stringify(input));
            const properties = {
              messageId,
              type: benchJob,
              contentType: "application/json",
              timestamp: Math.floor(Date.now() / 1000),
              persistent: true,
              mandatory: true,
            };
            channel.publish(exchange, benchJob, content, properties, (error) => {
              if (error) reject(error);
              else if (returned.delete(messageId)) reject(new Error("the message was returned"));
              else resolve();
            });
          }),
        close: () => connection.close(),
      };
    },
  };
}
