import type { ChannelModel } from "amqplib";

/**
 * amqplib hands each message to the socket by itself, which costs a system call for each. Call what this returns before
 * sending: what is sent until the event loop has come round goes to the system in one piece.
 */
export function batchWrites(model: ChannelModel): () => void {
  const socket = socketOf(model);
  let corked = false;
  return () => {
    if (corked || socket === undefined) return;
    corked = true;
    socket.cork();
    // amqplib passes what was sent on in an immediate that it asks for after this one, hence the second round.
    setImmediate(() =>
      setImmediate(() => {
        corked = false;
        socket.uncork();
      }),
    );
  };
}

interface Corkable {
  cork(): void;
  uncork(): void;
}

// Not declared in amqplib's types; without it we only do without the gain.
function socketOf({ connection }: ChannelModel): Corkable | undefined {
  if (!("stream" in connection)) return undefined;
  const { stream } = connection;
  const isCorkable = typeof stream === "object" && stream !== null && "cork" in stream && "uncork" in stream;
  return isCorkable ? (stream as Corkable) : undefined;
}
