import { ProducerOverloaded } from "../errors.ts";

/** Lets a limited number in; the others wait in line. */
export interface Gate {
  /**
   * Resolves when there is room; leave by disposing.
   *
   * @throws ProducerOverloaded when too many wait already, or the signal's reason.
   */
  enter(signal?: AbortSignal): Promise<Disposable>;
  /** Rejects those who wait, and whoever comes later. */
  close(reason: Error): void;
}

/** A gate for `room` at once and `line` in line. */
export function createGate(room: number, line: number): Gate {
  const waiting = new Set<{ enter(): void; refuse(reason: unknown): void }>();
  let inside = 0;
  let closed: Error | undefined;

  function pass(): Disposable {
    inside += 1;
    let left = false;
    return {
      [Symbol.dispose]() {
        if (left) return;
        left = true;
        inside -= 1;
        const [next] = waiting;
        if (next !== undefined && inside < room) next.enter();
      },
    };
  }

  return {
    async enter(signal) {
      if (closed !== undefined) throw closed;
      signal?.throwIfAborted();
      if (inside < room && waiting.size === 0) return pass();
      if (waiting.size >= line) {
        throw new ProducerOverloaded(
          `${waiting.size} calls of enqueue wait already: await each, or raise maxWaiting; is the broker reachable?`,
        );
      }
      return await new Promise<Disposable>((resolve, reject) => {
        const end = () => {
          waiting.delete(waiter);
          signal?.removeEventListener("abort", onAbort);
        };
        const waiter = {
          enter() {
            end();
            resolve(pass());
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
    },
    close(reason) {
      closed = reason;
      for (const waiter of [...waiting]) waiter.refuse(reason);
    },
  };
}
