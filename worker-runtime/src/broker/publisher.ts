import { type ChannelModel, type ConfirmChannel, IllegalOperationError, type Message } from "amqplib";
import type { Logger } from "pino";
import { ConnectionLost, Nacked, ProducerClosed, Unroutable } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { createBackoff } from "./backoff.ts";
import type { BrokerConnection } from "./connection.ts";
import { blamed, refused } from "./refusal.ts";

/** Publishes persistent, mandatory messages (unless their properties say otherwise) and waits until the broker has them. */
export interface Publisher {
  /**
   * Publishes once, as soon as there is a connection that is not blocked, and resolves when the broker has confirmed and
   * not returned the message.
   *
   * @param signal gives up waiting for a connection. A message that was sent is waited for.
   * @throws Unroutable, Nacked, PublishRefused; ConnectionLost when it is unknown whether the broker has it, or the
   * channel closed over another message; ProducerClosed after stop; the signal's reason.
   */
  publish(message: OutgoingMessage, signal?: AbortSignal): Promise<void>;
  /**
   * The same without a promise, for whoever sends very many.
   *
   * @param make makes the message when it can be sent.
   * @param settled called once, later, with what publish would throw; undefined: the broker has it.
   */
  send(make: () => OutgoingMessage, settled: (failure: unknown) => void, signal?: AbortSignal): void;
  /** Messages sent and not yet confirmed. */
  readonly inFlight: number;
  /** Resolves when nothing is in flight. */
  flush(): Promise<void>;
  /** Rejects what waits for a connection; what is in flight ends with the connection. */
  stop(): void;
}

interface InFlight {
  readonly message: OutgoingMessage;
  readonly channel: OpenChannel;
  /** Set when the broker returned it; the confirm follows. */
  returned: string | undefined;
  /** Set when the broker closed the channel over it. */
  refusal: Error | undefined;
}

interface OpenChannel {
  readonly confirm: ConfirmChannel;
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
    // Comes just before what is in flight on the channel fails.
    confirm.on("error", (error) => {
      log.warn({ err: error }, "the broker closed the channel for publishing");
      const sent = [...inFlight].filter((entry) => entry.channel === opened);
      for (const entry of blamed(error, sent)) entry.refusal = error;
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
    for (const waiter of [...waiters]) {
      if (channel === undefined || blocked) return;
      waiter.go(channel);
    }
  }

  function wait(go: (channel: OpenChannel) => void, fail: (error: unknown) => void, signal?: AbortSignal): void {
    const end = () => {
      waiters.delete(waiter);
      signal?.removeEventListener("abort", onAbort);
    };
    const waiter: Waiter = {
      go(opened) {
        end();
        go(opened);
      },
      fail(error) {
        end();
        fail(error);
      },
    };
    const onAbort = () => waiter.fail(signal?.reason);
    waiters.add(waiter);
    signal?.addEventListener("abort", onAbort, { once: true });
  }

  function sendOn(on: OpenChannel, make: () => OutgoingMessage, settled: (failure: unknown) => void): void {
    const message = make();
    const entry: InFlight = { message, channel: on, returned: undefined, refusal: undefined };
    const settle = (error: unknown) => {
      inFlight.delete(entry);
      settled(failureOf(entry, error));
      if (inFlight.size === 0) for (const flushed of [...flushers]) flushed();
    };
    inFlight.add(entry);
    try {
      const { exchange, routingKey, content, properties } = message;
      on.confirm.publish(exchange, routingKey, content, { persistent: true, mandatory: true, ...properties }, settle);
    } catch (error) {
      // The channel is about to tell that it is closed: until then nobody else is to try it.
      if (error instanceof IllegalOperationError && channel === on) channel = undefined;
      queueMicrotask(() => settle(error));
    }
  }

  function send(make: () => OutgoingMessage, settled: (failure: unknown) => void, signal?: AbortSignal): void {
    if (stopped) queueMicrotask(() => settled(new ProducerClosed()));
    else if (signal?.aborted) queueMicrotask(() => settled(signal.reason));
    else if (channel === undefined || blocked) wait((opened) => sendOn(opened, make, settled), settled, signal);
    else sendOn(channel, make, settled);
  }

  return {
    send,
    publish(message, signal) {
      return new Promise((resolve, reject) => {
        const settled = (failure: unknown) => (failure === undefined ? resolve() : reject(failure));
        send(() => message, settled, signal);
      });
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

function failureOf(sent: InFlight, error: unknown): unknown {
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
    return new Nacked(
      `the broker refused a message for exchange "${exchange}": its queue is full (the JobQueue's limits), or lost its quorum. It is not stored: send it again later`,
    );
  }
  if (words === "channel closed" || error instanceof IllegalOperationError) {
    return sent.refusal === undefined ? new ConnectionLost() : refused(sent.refusal, exchange);
  }
  // It could not be encoded, for example a routing key of more than 255 bytes: trying again would not help.
  return error;
}
