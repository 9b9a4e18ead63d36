import type { Channel } from "amqplib";
import type { BrokerConnection } from "./connection.ts";
import { BrokerUnreachable } from "./errors.ts";
import type { Binding, Exchange, Queue } from "./topology.ts";
import { within } from "./within.ts";

/**
 * A broker takes some 20 ms to declare a quorum queue and works on many at once, one for each channel. A channel costs it memory,
 * and another replica's or another vhost's declarations want their turn.
 */
const channelCount = 20;
/** Many queues declared at once are slow each. */
const answerLimitMs = 60_000;
/** Channels cost the broker memory: those that nobody needed for so long are closed. */
const idleMs = 5_000;

/** Something to be declared. */
export type Declaration =
  | { readonly kind: "exchange"; readonly desired: Exchange }
  | { readonly kind: "queue"; readonly desired: Queue }
  | { readonly kind: "binding"; readonly desired: Binding };

/** Declares by AMQP, which costs the broker a fraction of what its management API does. */
export interface Declarer extends AsyncDisposable {
  /**
   * Declares one after the other, on a channel that nobody else uses meanwhile; several calls run at once.
   *
   * @throws DeclarationRefused, or what opening a channel throws.
   */
  declare(declarations: readonly Declaration[]): Promise<void>;
  /** What a passive declaration says of a queue. @throws DeclarationRefused if there is none. */
  ready(queue: string): Promise<number>;
}

/** The broker refused a declaration and closed the channel; what came before on it was done, and nothing after it. */
export class DeclarationRefused extends Error {
  override readonly name = "DeclarationRefused";
}

/** @param onCall told of each declaration. */
export function openDeclarer(connection: BrokerConnection, onCall: () => void): Declarer {
  const idle: Channel[] = [];
  const waiting: (() => void)[] = [];
  let inUse = 0;
  let timer: NodeJS.Timeout | undefined;

  async function use<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    while (inUse >= channelCount) await new Promise<void>((resolve) => waiting.push(resolve));
    inUse += 1;
    try {
      const channel = idle.pop() ?? (await open());
      try {
        const result = await within(answerLimitMs, "declaring", work(channel));
        idle.push(channel);
        return result;
      } catch (error) {
        // It is closed, or nobody knows what it still does.
        close(channel);
        throw asRefusal(error);
      }
    } finally {
      inUse -= 1;
      waiting.shift()?.();
      clearTimeout(timer);
      if (inUse === 0) timer = setTimeout(closeIdle, idleMs).unref();
    }
  }

  async function open(): Promise<Channel> {
    const channel = await connection.channel();
    channel.once("close", () => {
      const at = idle.indexOf(channel);
      if (at >= 0) idle.splice(at, 1);
    });
    return channel;
  }

  function closeIdle(): void {
    for (const channel of idle.splice(0)) close(channel);
  }

  return {
    declare: (declarations) =>
      use(async (channel) => {
        // amqplib sends each once the one before is answered, and none after a refusal.
        await Promise.all(
          declarations.map((declaration) => {
            onCall();
            return declareOne(channel, declaration);
          }),
        );
      }),
    ready: (queue) =>
      use(async (channel) => {
        onCall();
        return (await channel.checkQueue(queue)).messageCount;
      }),
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      closeIdle();
    },
  };
}

function declareOne(channel: Channel, { kind, desired }: Declaration): Promise<unknown> {
  switch (kind) {
    case "exchange":
      return channel.assertExchange(desired.name, desired.type, { durable: true, arguments: desired.arguments });
    case "queue":
      return channel.assertQueue(desired.name, { durable: true, arguments: desired.arguments });
    case "binding": {
      const { source, destination, destinationType, routingKey } = desired;
      return destinationType === "queue"
        ? channel.bindQueue(destination, source, routingKey)
        : channel.bindExchange(destination, source, routingKey);
    }
  }
}

/** With these the broker closes a channel: access refused, not found, locked, not as it is. With others it closes the connection. */
const refusals: ReadonlySet<unknown> = new Set([403, 404, 405, 406]);

function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ("code" in error && refusals.has(error.code)) return new DeclarationRefused(error.message, { cause: error });
  return new BrokerUnreachable(
    `RabbitMQ did not declare what it was asked to (${error.message}): its connection broke, or it is overloaded`,
    { cause: error },
  );
}

/** Not waited for: it may be closed already, or not answer. */
function close(channel: Channel): void {
  Promise.resolve()
    .then(() => channel.close())
    .catch(() => {});
}
