import { Socket } from "node:net";
import type { ChannelModel } from "amqplib";

/** The socket of a connection. It is no part of amqplib's public interface: undefined where it is not found. */
export function socketOf(model: ChannelModel): Socket | undefined {
  const { stream } = model.connection as unknown as { stream?: unknown };
  return stream instanceof Socket ? stream : undefined;
}
