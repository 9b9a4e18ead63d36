import type { ChannelModel, ConsumeMessage } from "amqplib";
import type { Logger } from "pino";
import { createBackoff } from "../broker/backoff.ts";
import type { BrokerConnection } from "../broker/connection.ts";
import { messageOf } from "../errors.ts";
import { type ConsumerSession, openConsumerSession } from "./consumer-session.ts";
import type { HeldDelivery } from "./delivery.ts";
import { isNothing, isSameWant, missingFrom, nothing, superfluous, type Want } from "./want.ts";

/**
 * How long a cancelled consumer waits before it consumes again. RabbitMQ (seen with 3.10.0 and 4.0.5) closes the whole
 * connection of whoever asks for a consumer while a quorum queue is being deleted or made (541 INTERNAL_ERROR), which would
 * lose what still runs. Where a queue is made again at once, that was over after 1.1 s on a busy machine.
 */
const afterCancelMs = 3_000;

/** Takes deliveries of one queue, as many as are wanted, whatever becomes of connections and queues. */
export interface Consumer {
  /** Takes so much from now on. */
  want(want: Want): void;
  /** Resolves when no delivery is on its way any more because nothing is wanted, or when something is wanted again. */
  quiet(): Promise<void>;
  /** Whether it has come to what is wanted, as far as the broker lets it. */
  readonly converged: boolean;
  /** After `quiet`: resolves when every delivery is released and the broker has heard what became of it. */
  ended(): Promise<void>;
}

export interface ConsumerOptions {
  readonly connection: BrokerConnection;
  readonly queue: string;
  /** The lane that a delivery's job is in; undefined for none. */
  laneOf(message: ConsumeMessage): string | undefined;
  readonly log: Logger;
  /** A delivery arrived; call its `release` in the end. Must not throw. */
  onDelivery(delivery: HeldDelivery): void;
  /** A delivery is over. */
  onReleased(delivery: HeldDelivery, ran: boolean): void;
  /** A delivery gives its slot back for a while. @returns false to refuse. */
  onPostponed(delivery: HeldDelivery, waitMs: number): boolean;
  /** Deliveries may have been lost. */
  onLost(): void;
  /** The broker needed so long to start a consumer. */
  onRoundTrip(roundTripMs: number): void;
}

/**
 * A consumer that converges on what is wanted. RabbitMQ fixes prefetch when a consumer starts (and quorum queues know
 * none that could be changed), so what is wanted is made of several consumers, each on a channel of its own: more is had
 * by adding one, less by cancelling some. A cancelled consumer's deliveries go on, and count until they are over.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { connection, queue, log } = options;
  const sessions = new Set<ConsumerSession>();
  const idle = new Set<() => void>();
  const backoff = createBackoff(500, 10_000);
  let model: ChannelModel | undefined;
  // Whether the log has it that this connection consumes.
  let told = false;
  let wanted: Want = nothing;
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
      told = false;
      converge();
    },
  });

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
    await Promise.all(superfluous(wanted, [...sessions]).map((session) => session.cancel()));
    if (isNothing(wanted)) {
      for (const done of [...idle]) done();
      return;
    }
    const missing = missingFrom(wanted, [...sessions]);
    if (model === undefined || missing <= 0 || performance.now() < restUntilMs) return;
    await consume(model, missing, wanted.type === "Fetch");
  }

  async function consume(on: ChannelModel, prefetch: number, once: boolean): Promise<void> {
    try {
      const session = await openConsumerSession({
        model: on,
        queue,
        laneOf: options.laneOf,
        prefetch,
        once,
        log,
        onDelivery: options.onDelivery,
        onReleased: options.onReleased,
        onPostponed: options.onPostponed,
        onLost: options.onLost,
        onCancelled: () => rest(afterCancelMs),
        onChange: converge,
      });
      sessions.add(session);
      options.onRoundTrip(session.roundTripMs);
      backoff.reset();
      again = true;
      // Prefetch follows the pace by further consumers: whoever reads the log wants to know of the first.
      log[told ? "debug" : "info"]({ brokerQueue: queue, prefetch }, "consuming");
      told = true;
    } catch (error) {
      if (on !== model) return;
      log.warn({ brokerQueue: queue, reason: explain(error, queue) }, "cannot consume yet; trying again");
      rest(backoff.next());
    }
  }

  function rest(waitMs: number): void {
    restUntilMs = Math.max(restUntilMs, performance.now() + waitMs);
    // A little longer, since timers may fire a trifle early.
    setTimeout(converge, waitMs + 5).unref();
  }

  return {
    want(next) {
      if (isSameWant(wanted, next)) return;
      wanted = next;
      if (!isNothing(next)) for (const done of [...idle]) done();
      converge();
    },
    quiet() {
      return new Promise((resolve) => {
        const done = () => {
          idle.delete(done);
          resolve();
        };
        idle.add(done);
        converge();
      });
    },
    get converged() {
      return !converging;
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
  return messageOf(error);
}
