import { queueNames } from "@jobwright/worker-runtime/contract";
import { connect } from "amqplib";
import { ensureTopology, openBroker } from "../../operator/src/broker/index.ts";
import { addressOf, createVhost, manage, type PrivateBroker } from "../../test/broker/index.ts";
import { queue } from "./settings.ts";

/** The queue of the crash test in a vhost of a broker that may be killed: nothing here keeps a connection. */
export interface CrashQueue {
  readonly url: string;
  /** Messages in every queue of the vhost but the dead letters; undefined when the broker cannot say. */
  unfinished(): Promise<number | undefined>;
  /** Takes all dead letters. @returns the ids of their jobs. */
  takeDead(): Promise<Set<string>>;
}

/** Makes the queue as the operator does. */
export async function createCrashQueue(broker: PrivateBroker): Promise<CrashQueue> {
  const vhost = await createVhost(broker, "crash");
  const { deadLetterQueue } = queueNames(queue);
  const operator = openBroker(addressOf(broker, vhost.name), "crash");
  await ensureTopology(
    operator,
    { name: queue, deliveryLimit: 20, deadLetter: { retentionMs: 3_600_000 } },
    { fresh: true },
  );
  await operator[Symbol.asyncDispose]();

  return {
    url: vhost.amqpUrl,
    async unfinished() {
      type Listed = { name: string; messages?: number };
      const path = `/api/queues/${encodeURIComponent(vhost.name)}?columns=name,messages`;
      const listed = (await manage(broker, "GET", path).catch(() => undefined)) as Listed[] | undefined;
      const others = listed?.filter(({ name }) => name !== deadLetterQueue);
      // After a restart a queue is listed before its messages are counted.
      if (others === undefined || others.some(({ messages }) => messages === undefined)) return undefined;
      return others.reduce((sum, { messages = 0 }) => sum + messages, 0);
    },
    async takeDead() {
      const connection = await connect(vhost.amqpUrl);
      const channel = await connection.createChannel();
      const dead = new Set<string>();
      for (;;) {
        const letter = await channel.get(deadLetterQueue, { noAck: true });
        if (letter === false) break;
        dead.add(String(letter.properties.messageId));
      }
      await connection.close();
      return dead;
    },
  };
}
