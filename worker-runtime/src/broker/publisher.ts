import { type ChannelModel, type ConfirmChannel, IllegalOperationError, type Message } from "amqplib";
import type { Logger } from "pino";
import { ConnectionLost, Nacked, ProducerClosed, PublishRefused, Unroutable } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { createBackoff } from "./backoff.ts";
import type { BrokerConnection } from "./connection.ts";

/** Publishes persistent, mandatory messages and waits until the broker has them. */
export interface Publisher {
  /**
   * Publishes once, as soon as there is a connection that is not blocked, and resolves when the broker has confirmed and
   * not returned the message.
   *
   * @param signal gives up waiting for a connection. A message that was sent is waited for.
   * @throws Unroutable, Nacked, PublishRefused; ConnectionLost when it is unknown whether the broker has it;
   * ProducerClosed after stop; the signal's reason.
   */
  publish(message: OutgoingMessage, signal?: AbortSignal): Promise<void>;
  /** Messages sent and not yet confirmed. */
  readonly inFlight: number;
  /** Resolves when nothing is in flight. */
  flush(): Promise<void>;
  /** Rejects what waits for a connection; what is in flight ends with the connection. */
  stop(): void;
}

interface InFlight {
  readonly message: OutgoingMessage;
  /** Set when the broker returned it; the confirm follows. */
  returned?: string;
}

interface OpenChannel {
  readonly confirm: ConfirmChannel;
  /** Why the broker closed it, known just before what is in flight on it fails. */
  refusal?: Error;
}

interface Waiter {
  go(channel: OpenChannel): void;
  fail(error: unknown): void;
}

/** A publisher over `connection`, on a confirm channel of its own that is reopened when it closes. */
export function createPublisher(connection: BrokerConnection, log: Logger): Publisher {
  const inFlight = new Set<InFlight>();
  const waiters = new Set<Waiter>();
  const flushers = new Set<() => void>();
  const reopenBackoff = createBackoff(250, 5_000);
  let model: ChannelModel | undefined;
  let channel: OpenChannel | undefined;
  let blocked = false;
  let stopped = false;

  connection.listen({
    up(next) {
      model = next;
      blocked = false;
      openChannel(next);
    },
    down() {
      model = undefined;
      channel = undefined;
    },
    blocked(now) {
      blocked = now;
      releaseWaiters();
    },
  });

  function openChannel(on: ChannelModel): void {
    if (on !== model || stopped) return;
    on.createConfirmChannel().then(
      (opened) => {
        channel = watch(opened, on);
        reopenBackoff.reset();
        releaseWaiters();
      },
      // The connection closed meanwhile (then `up` comes again), or the broker allows no more channels.
      (error: unknown) => {
        log.debug({ err: error }, "cannot open a channel for publishing");
        setTimeout(() => openChannel(on), reopenBackoff.next()).unref();
      },
    );
  }

  function watch(confirm: ConfirmChannel, on: ChannelModel): OpenChannel {
    const opened: OpenChannel = { confirm };
    confirm.on("return", markReturned);
    confirm.on("error", (error) => {
      opened.refusal = error;
      log.warn({ err: error }, "the broker closed the channel for publishing");
    });
    confirm.once("close", () => {
      if (channel === opened) channel = undefined;
      setTimeout(() => openChannel(on), reopenBackoff.next()).unref();
    });
    return opened;
  }

  // A return names no delivery tag. Messages of one id, exchange and key cannot be told apart, so all of them count as
  // returned: one too many is published again, none is lost.
  function markReturned(message: Message): void {
    const { exchange, routingKey } = message.fields;
    const text = "replyText" in message.fields ? String(message.fields.replyText) : "unroutable";
    for (const entry of inFlight) {
      const sent = entry.message;
      const same =
        sent.exchange === exchange &&
        sent.routingKey === routingKey &&
        sent.properties.messageId === message.properties.messageId;
      if (same) entry.returned = text;
    }
  }

  function releaseWaiters(): void {
    if (channel === undefined || blocked) return;
    for (const waiter of [...waiters]) waiter.go(channel);
  }

  function openedChannel(signal: AbortSignal | undefined): Promise<OpenChannel> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        go(opened) {
          end();
          resolve(opened);
        },
        fail(error) {
          end();
          reject(error);
        },
      };
      const onAbort = () => waiter.fail(signal?.reason);
      const end = () => {
        waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  function send(on: OpenChannel, message: OutgoingMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: InFlight = { message };
      const settle = (error: unknown) => {
        inFlight.delete(entry);
        const failure = failureOf(entry, error, on.refusal);
        if (failure === undefined) resolve();
        else reject(failure);
        if (inFlight.size === 0) for (const flushed of [...flushers]) flushed();
      };
      inFlight.add(entry);
      try {
        const { exchange, routingKey, content, properties } = message;
        on.confirm.publish(exchange, routingKey, content, { ...properties, persistent: true, mandatory: true }, settle);
      } catch (error) {
        settle(error);
      }
    });
  }

  return {
    async publish(message, signal) {
      if (stopped) throw new ProducerClosed();
      signal?.throwIfAborted();
      const ready = channel === undefined || blocked ? await openedChannel(signal) : channel;
      await send(ready, message);
    },
    get inFlight() {
      return inFlight.size;
    },
    async flush() {
      while (inFlight.size > 0) {
        await new Promise<void>((resolve) => {
          const flushed = () => {
            flushers.delete(flushed);
            resolve();
          };
          flushers.add(flushed);
        });
      }
    },
    stop() {
      stopped = true;
      for (const waiter of [...waiters]) waiter.fail(new ProducerClosed());
    },
  };
}

function failureOf(sent: InFlight, error: unknown, refusal: Error | undefined): unknown {
  const { exchange, routingKey } = sent.message;
  if (error === null || error === undefined) {
    if (sent.returned === undefined) return undefined;
    return new Unroutable(
      `no queue takes messages of exchange "${exchange}" with routing key "${routingKey}" (${sent.returned}): is the JobQueue there and ready?`,
    );
  }
  // amqplib tells its two kinds of failed confirms apart by their words alone.
  const words = error instanceof Error ? error.message : "";
  if (words === "message nacked") {
    return new Nacked(`the broker refused a message for exchange "${exchange}": its queue is full, or lost its quorum`);
  }
  if (words === "channel closed" || error instanceof IllegalOperationError) {
    return refusal === undefined ? new ConnectionLost() : refused(refusal, exchange);
  }
  // It could not be encoded, for example a routing key of more than 255 bytes: trying again would not help.
  return error;
}

const notFound = 404;

function refused(refusal: Error, exchange: string): Error {
  const code = "code" in refusal && typeof refusal.code === "number" ? refusal.code : undefined;
  if (code === notFound) {
    return new Unroutable(
      `exchange "${exchange}" does not exist: is the JobQueue there and ready? (${refusal.message})`,
    );
  }
  return new PublishRefused(`the broker refused a message for exchange "${exchange}": ${refusal.message}`, code);
}
