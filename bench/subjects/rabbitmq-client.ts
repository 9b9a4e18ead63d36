import { randomUUID } from "node:crypto";
import { Connection, type Consumer } from "rabbitmq-client";
import { benchJob, type Subject } from "./subject.ts";

/**
 * rabbitmq-client with what its documentation recommends: twice as much prefetch as concurrency, and its own publisher
 * with confirms. It parses JSON bodies by itself.
 */
export const rabbitmqClient: Subject = {
  async openConsumer({ url, queue }, concurrency, handle) {
    const connection = new Connection({ url, noDelay: true });
    connection.on("error", fail);
    await connection.onConnect();
    let consumer: Consumer | undefined;
    return {
      async resume() {
        consumer = connection.createConsumer(
          { queue, queueOptions: { passive: true, queue }, concurrency, qos: { prefetchCount: 2 * concurrency } },
          async ({ body }) => {
            await handle(body);
          },
        );
        consumer.on("error", fail);
      },
      async pause() {
        await consumer?.close();
      },
      close: () => connection.close(),
    };
  },

  async openProducer({ url, queue: exchange }) {
    const connection = new Connection({ url, noDelay: true });
    connection.on("error", fail);
    await connection.onConnect();
    const publisher = connection.createPublisher({ confirm: true });
    publisher.on("basic.return", () => fail(new Error("a message was returned")));
    return {
      enqueue: (input) =>
        publisher.send(
          {
            exchange,
            routingKey: benchJob,
            messageId: randomUUID(),
            type: benchJob,
            timestamp: Math.floor(Date.now() / 1000),
            durable: true,
            mandatory: true,
          },
          input,
        ),
      async close() {
        await publisher.close();
        await connection.close();
      },
    };
  },
};

function fail(error: unknown): void {
  // Thrown in a listener it ends the subject's process, and so the bench.
  throw error;
}
