import type { ChannelModel } from "amqplib";
import { socketOf } from "./socket.ts";

/**
 * Has all frames that are written in one turn of the event loop reach the kernel in one call.
 *
 * amqplib writes each frame, such as each ack, by itself, and with Nagle's algorithm off each becomes a system call and
 * a packet: half of the time of a worker with short jobs. Nothing waits longer for it: the frames leave before the turn
 * that wrote them is over. Where the socket is not found, nothing is changed.
 */
export function gatherWrites(model: ChannelModel): void {
  const stream = socketOf(model);
  if (stream === undefined) return;
  const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  let gathering = false;
  stream.write = (...parameters: unknown[]) => {
    if (!gathering) {
      gathering = true;
      stream.cork();
      process.nextTick(() => {
        gathering = false;
        stream.uncork();
      });
    }
    return write(...parameters);
  };
}
