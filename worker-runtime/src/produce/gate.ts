import { ProducerOverloaded } from "../errors.ts";

/** Lets a limited number in; the others wait in line. */
export interface Gate {
  /**
   * Enters, and returns undefined; or, when there is no room, a promise that resolves once one has entered. Who has
   * entered calls `leave` in the end.
   *
   * @throws ProducerOverloaded when too many wait already, or the signal's reason: at once or by rejecting.
   */
  enter(signal?: AbortSignal): Promise<void> | undefined;
  /** Makes room for the next in line. */
  leave(): void;
  /** Rejects those who wait, and whoever comes later. */
  close(reason: Error): void;
}

/** A gate for `room` at once and `line` in line. */
export function createGate(room: number, line: number): Gate {
  const waiting = new Set<{ enter(): void; refuse(reason: unknown): void }>();
  let inside = 0;
  let closed: Error | undefined;

  function wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        waiting.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter = {
        enter() {
          end();
          inside += 1;
          resolve();
        },
        refuse(reason: unknown) {
          end();
          reject(reason);
        },
      };
      const onAbort = () => waiter.refuse(signal?.reason);
      waiting.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    enter(signal) {
      if (closed !== undefined) throw closed;
      signal?.throwIfAborted();
      if (inside < room && waiting.size === 0) {
        inside += 1;
        return undefined;
      }
      if (waiting.size >= line) {
        throw new ProducerOverloaded(
          `${waiting.size} calls of enqueue wait already: await each, or raise maxWaiting; is the broker reachable?`,
        );
      }
      return wait(signal);
    },
    leave() {
      inside -= 1;
      const [next] = waiting;
      next?.enter();
    },
    close(reason) {
      closed = reason;
      for (const waiter of [...waiting]) waiter.refuse(reason);
    },
  };
}
