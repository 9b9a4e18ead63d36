import type { Channel } from "amqplib";
import { closeChannel } from "./close-channel.ts";
import type { BrokerConnection } from "./connection.ts";
import { BrokerError, BrokerUnreachable } from "./errors.ts";

/**
 * Does something on a channel that nobody else uses, which is closed afterwards: what is not acknowledged on it by then goes back
 * to its queue.
 *
 * @param what begins with a verb in its -ing form, for the message.
 * @throws BrokerUnreachable if the broker ended the channel or the connection, or did not answer: worth another look soon. An
 *   error of amqplib's own would be taken for a fault of ours, and looked at again ever more seldom.
 */
export async function useChannel<T>(
  connection: Pick<BrokerConnection, "channel">,
  what: string,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  const channel = await connection.channel();
  try {
    return await work(channel);
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw notAnswered(what, error);
  } finally {
    await closeChannel(channel);
  }
}

/** The error for a broker that was asked by AMQP and gave no answer. */
export function notAnswered(what: string, error: unknown): BrokerUnreachable {
  const why = error instanceof Error ? error.message : String(error);
  return new BrokerUnreachable(
    `RabbitMQ did not answer on ${what} (${why}): its connection broke, it is overloaded, or a queue has no leader (see rabbitmq-queues quorum_status)`,
    { cause: error },
  );
}
