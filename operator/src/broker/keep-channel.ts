import { setTimeout as sleep } from "node:timers/promises";
import type { Channel, ConsumeMessage, Options, Replies } from "amqplib";
import { closeChannel } from "./close-channel.ts";
import type { BrokerConnection } from "./connection.ts";

const firstPauseMs = 250;
const usualLongestPauseMs = 10_000;

/** A channel that is opened again whenever it is lost. */
export interface KeptChannel extends AsyncDisposable {
  /** Settles when the first set-up has succeeded; never rejects. Does not settle if disposed of before. */
  readonly ready: Promise<void>;
}

/**
 * Opens a channel and sets it up (declares, binds, consumes); when the channel or its connection is lost, or the set-up
 * fails, does so again after a pause of 0.25 s to `longestPauseMs`, until disposed of.
 *
 * @param setUp may close the channel itself to be set up anew, for example when the broker cancels its consumer.
 * @param onError told of each failure; `setUp` is tried again in any case.
 */
export function keepChannel(
  connection: Pick<BrokerConnection, "channel">,
  setUp: (channel: Channel) => Promise<void>,
  onError: (error: unknown) => void,
  longestPauseMs = usualLongestPauseMs,
): KeptChannel {
  const stopping = new AbortController();
  const { promise: ready, resolve: isReady } = Promise.withResolvers<void>();
  let current: Channel | undefined;

  async function once(): Promise<void> {
    const channel = await connection.channel();
    const { promise: lost, resolve: isLost } = Promise.withResolvers<void>();
    channel.once("close", () => isLost());
    current = channel;
    try {
      if (stopping.signal.aborted) return;
      await setUp(channel);
      isReady();
      await lost;
    } finally {
      current = undefined;
      await closeChannel(channel);
    }
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await once();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (!stopping.signal.aborted) onError(error);
      }
      const pauseMs = Math.min(firstPauseMs * 2 ** Math.max(0, failures - 1), longestPauseMs);
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    ready,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      if (current !== undefined) await closeChannel(current);
      await running;
    },
  };
}

/** Consumes on a kept channel. A consumer that the broker cancels, since its queue was deleted, closes the channel: all is set up anew. */
export function consumeKept(
  channel: Channel,
  queue: string,
  onMessage: (message: ConsumeMessage) => void,
  options: Options.Consume,
): Promise<Replies.Consume> {
  const receive = (message: ConsumeMessage | null) => {
    if (message === null) channel.close().catch(() => {});
    else onMessage(message);
  };
  return channel.consume(queue, receive, options);
}
