import type { Channel } from "amqplib";
import { within } from "./within.ts";

const limitMs = 2_000;

/**
 * Closes a channel, which puts back what is not acknowledged on it; never rejects. amqplib waits for the broker's answer for ever
 * where the connection is lost before it came: whoever waited with it would hold up a pass, or the operator's end.
 */
export async function closeChannel(channel: Channel): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  channel.once("close", () => resolve());
  await within(limitMs, "closing a channel", Promise.race([channel.close(), closed])).catch(() => {});
}
