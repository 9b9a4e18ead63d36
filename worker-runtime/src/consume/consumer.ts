import type { ChannelModel } from "amqplib";
import type { Logger } from "pino";
import { createBackoff } from "../broker/backoff.ts";
import type { BrokerConnection } from "../broker/connection.ts";
import { type ConsumerSession, openConsumerSession } from "./consumer-session.ts";
import type { Delivery } from "./delivery.ts";

/**
 * How long a cancelled consumer waits before it consumes again. RabbitMQ (seen with 4.0.5) answers a consume twice while
 * the queue is being deleted, which amqplib takes for a broken connection; that would lose what still runs.
 */
const afterCancelMs = 1_000;

/** Takes deliveries of one queue, at most as many as there are slots, whatever becomes of connections and queues. */
export interface Consumer {
  /** Takes deliveries from now on. */
  resume(): void;
  /**
   * Takes no more. Resolves when none is on its way any more, or when `resume` supersedes it. What arrives meanwhile is
   * handed back.
   */
  pause(): Promise<void>;
  /** After `pause`: resolves when every delivery is released and the broker has heard what became of it. */
  ended(): Promise<void>;
}

export interface ConsumerOptions {
  readonly connection: BrokerConnection;
  readonly queue: string;
  readonly slots: number;
  readonly log: Logger;
  /** There is a free slot for this delivery; call its `release` in the end. Must not throw. */
  onDelivery(delivery: Delivery): void;
}

/**
 * A consumer that converges on what is wanted. A broker counts prefetch per consumer, and a consumer that was cancelled
 * leaves its deliveries running; so each new one gets only as much prefetch as slots are free, and further ones are
 * added as slots become free. The sum never passes `slots`, so no delivery ever waits in a worker that is busy, where it
 * would be handed back at each cordon until the delivery limit buries it.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { connection, queue, slots, log } = options;
  const sessions = new Set<ConsumerSession>();
  const idle = new Set<() => void>();
  const backoff = createBackoff(500, 10_000);
  let model: ChannelModel | undefined;
  let wanted = false;
  let converging = false;
  let again = false;
  let restUntilMs = 0;

  connection.listen({
    up(next) {
      model = next;
      backoff.reset();
      restUntilMs = 0;
      converge();
    },
    down() {
      model = undefined;
      converge();
    },
  });

  /** Slots that neither a running delivery nor the prefetch of a consumer claims. */
  function freeSlots(): number {
    let claimed = 0;
    for (const session of sessions) claimed += session.consuming ? session.prefetch : session.taken;
    return slots - claimed;
  }

  function converge(): void {
    again = true;
    if (converging) return;
    converging = true;
    void (async () => {
      while (again) {
        again = false;
        await step();
      }
      converging = false;
    })();
  }

  async function step(): Promise<void> {
    for (const session of sessions) if (session.over) sessions.delete(session);
    if (!wanted) {
      await Promise.all([...sessions].map((session) => session.cancel()));
      if (!wanted) for (const done of [...idle]) done();
      return;
    }
    const prefetch = freeSlots();
    if (model !== undefined && prefetch > 0 && performance.now() >= restUntilMs) await consume(model, prefetch);
  }

  async function consume(on: ChannelModel, prefetch: number): Promise<void> {
    try {
      sessions.add(
        await openConsumerSession({
          model: on,
          queue,
          prefetch,
          log,
          onDelivery: take,
          onCancelled: () => rest(afterCancelMs),
          onChange: converge,
        }),
      );
      backoff.reset();
      log.info({ queue, prefetch }, "consuming");
    } catch (error) {
      if (on !== model) return;
      log.warn({ queue, reason: explain(error, queue) }, "cannot consume yet; trying again");
      rest(backoff.next());
    }
  }

  function rest(waitMs: number): void {
    restUntilMs = performance.now() + waitMs;
    // A little longer, since timers may fire a trifle early.
    setTimeout(converge, waitMs + 5).unref();
  }

  function take(delivery: Delivery): void {
    if (wanted) {
      options.onDelivery(delivery);
      return;
    }
    delivery.handBack();
    delivery.release();
  }

  return {
    resume() {
      wanted = true;
      // A pause that is under way is superseded.
      for (const done of [...idle]) done();
      converge();
    },
    pause() {
      wanted = false;
      return new Promise((resolve) => {
        const done = () => {
          idle.delete(done);
          resolve();
        };
        idle.add(done);
        converge();
      });
    },
    async ended() {
      await Promise.all([...sessions].map((session) => session.ended));
    },
  };
}

function explain(error: unknown, queue: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === 404) return `queue "${queue}" does not exist: is the JobQueue there and ready?`;
  if (code === 403) return `the broker user may not read queue "${queue}"`;
  return error instanceof Error ? error.message : String(error);
}
