import { randomUUID } from "node:crypto";
import type { Channel, ConsumeMessage } from "amqplib";
import type { BrokerConnection } from "./connection.ts";
import { consumeKept, type KeptChannel, keepChannel } from "./keep-channel.ts";

/** Where RabbitMQ's plugin rabbitmq_event_exchange tells what happens on the broker, in the vhost `/` unless configured otherwise. */
const eventExchange = "amq.rabbitmq.event";
export const eventVhost = "/";

/** What is worth a look: what goes, and what changes under the name that it had. */
const heard = [
  ...["queue.deleted", "exchange.deleted", "binding.deleted", "policy.set", "policy.cleared", "vhost.deleted"],
  ...["user.created", "user.deleted", "user.password.changed", "user.password.cleared", "user.tags.set"],
  ...["permission.created", "permission.deleted", "topic.permission.created", "topic.permission.deleted"],
];
/** An operator that lags further behind finds the rest with its next listing. */
const maxLength = 10_000;
/** The plugin is not enabled while we run, mostly; who does so need not wait long. */
const longestPauseMs = 30_000;

/** Something was deleted or changed on the broker, by whomever. */
export interface BrokerEvent {
  /** Its routing key, for example `queue.deleted`. */
  readonly event: string;
  /** Undefined for what belongs to no vhost: users. */
  readonly vhost: string | undefined;
  /** Of the thing that it happened to: a queue, exchange, policy, user or vhost. Of a binding: its destination. */
  readonly name: string;
}

/**
 * Listens to what the broker tells of changes, in all its vhosts, until disposed of.
 *
 * @param connection to the vhost {@link eventVhost}.
 * @param onError told each time it cannot be heard: the plugin is not enabled, our user may not read there, or the
 *   broker is away. It is tried again.
 */
export function watchBrokerEvents(
  connection: BrokerConnection,
  onEvent: (event: BrokerEvent) => void,
  onError: (error: unknown) => void,
): KeptChannel {
  async function setUp(channel: Channel): Promise<void> {
    await channel.checkExchange(eventExchange);
    const { queue } = await channel.assertQueue(`jobwright.operator.events.${randomUUID()}`, {
      exclusive: true,
      durable: false,
      autoDelete: true,
      // The type is said, since a vhost may have quorum queues as its default, which cannot be exclusive.
      arguments: { "x-queue-type": "classic", "x-max-length": maxLength, "x-overflow": "drop-head" },
    });
    for (const key of heard) await channel.bindQueue(queue, eventExchange, key);
    await consumeKept(
      channel,
      queue,
      (message) => {
        const event = readBrokerEvent(message);
        if (event !== undefined) onEvent(event);
      },
      { noAck: true },
    );
  }
  return keepChannel(connection, setUp, onError, longestPauseMs);
}

/** The facts are in the headers; the body is empty. Undefined for what has none that we know. */
export function readBrokerEvent({ fields, properties }: Pick<ConsumeMessage, "fields" | "properties">) {
  const event = fields.routingKey;
  const headers: Record<string, unknown> = properties.headers ?? {};
  const name = headers.name ?? headers.destination_name ?? headers.user;
  if (typeof name !== "string") return undefined;
  const vhost = event === "vhost.deleted" ? name : headers.vhost;
  return { event, vhost: typeof vhost === "string" ? vhost : undefined, name } satisfies BrokerEvent;
}
