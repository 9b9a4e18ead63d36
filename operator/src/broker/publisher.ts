import type { ConfirmChannel, MessageProperties, Options } from "amqplib";
import type { BrokerConnection } from "./connection.ts";
import { PublishRefused } from "./errors.ts";
import { within } from "./within.ts";

const confirmLimitMs = 10_000;

/** Publishes one message after another and knows of each what became of it. */
export interface Publisher {
  /**
   * Publishes persistent and mandatory, and waits for the broker's confirm.
   *
   * @returns whether some queue took the message. If not, the broker has thrown it away.
   * @throws PublishRefused if the broker takes no messages now, or it is not known whether it has this one (a queue was
   *   full, or the channel was lost), and what opening a channel throws.
   */
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options?: Options.Publish,
  ): Promise<{ readonly routed: boolean }>;
}

/** One at a time: a return tells no delivery tag, but it always comes before the confirm of its own message. */
export function openPublisher(connection: BrokerConnection): Publisher {
  let channel: ConfirmChannel | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function open(): Promise<ConfirmChannel> {
    const opened = await connection.confirmChannel();
    opened.on("close", () => {
      if (channel === opened) channel = undefined;
    });
    channel = opened;
    return opened;
  }

  async function send(exchange: string, routingKey: string, content: Buffer, options: Options.Publish) {
    // Each would wait for its confirm until the time is up, and the ones behind it even longer.
    const blocked = connection.blocked();
    if (blocked !== undefined) throw new PublishRefused(`RabbitMQ takes no messages now: ${blocked}`);
    const on = channel ?? (await open());
    let routed = true;
    const onReturn = () => {
      routed = false;
    };
    on.on("return", onReturn);
    try {
      const confirmed = new Promise<void>((resolve, reject) => {
        on.publish(
          exchange,
          routingKey,
          content,
          { ...options, persistent: true, mandatory: true },
          (error: unknown) => (error ? reject(error) : resolve()),
        );
      });
      await within(confirmLimitMs, "the broker's confirm", confirmed);
      return { routed };
    } catch (error) {
      // A confirm that comes late must not be taken for the next message's.
      if (channel === on) channel = undefined;
      on.close().catch(() => {});
      const why = error instanceof Error ? error.message : String(error);
      throw new PublishRefused(`RabbitMQ did not take a message for exchange "${exchange}": ${why}`, { cause: error });
    } finally {
      on.off("return", onReturn);
    }
  }

  return {
    publish(exchange, routingKey, content, options = {}) {
      const mine = last.then(() => send(exchange, routingKey, content, options));
      last = mine.catch(() => {});
      return mine;
    },
  };
}

/** A message's properties as options for publishing it again unchanged, save what the broker would refuse or misread. */
export function sameProperties({ headers = {}, ...rest }: MessageProperties): Options.Publish {
  // A user id must be the publisher's own, and we are not who sent it.
  const { userId: _, clusterId: __, ...kept } = rest;
  // Brokers up to 3.13 read x-death and drop what seems to go in circles.
  // "CC" would route the message to the first one's other queues once more.
  const ours = Object.entries(headers).filter(([key]) => !key.startsWith("x-") && key !== "CC" && key !== "BCC");
  return { ...kept, headers: Object.fromEntries(ours) };
}
