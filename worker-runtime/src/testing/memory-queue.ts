import type { ReceivedMessage } from "../message/message.ts";

/** A message as it lies in a queue. */
export interface StoredMessage extends ReceivedMessage {
  /** How often it came back from a worker without an outcome. */
  returns: number;
}

/** A first-in, first-out queue; what comes back stands at its front again, as in a quorum queue. */
export interface MemoryQueue {
  readonly name: string;
  readonly ready: readonly StoredMessage[];
  push(message: StoredMessage): void;
  take(): StoredMessage | undefined;
  putBack(message: StoredMessage): void;
}

export function memoryQueue(name: string): MemoryQueue {
  const ready: StoredMessage[] = [];
  return {
    name,
    ready,
    push: (message) => void ready.push(message),
    take: () => ready.shift(),
    putBack: (message) => void ready.unshift(message),
  };
}
