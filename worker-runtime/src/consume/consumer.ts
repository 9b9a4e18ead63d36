import type { ChannelModel } from "amqplib";
import type { Logger } from "pino";
import { createBackoff } from "../broker/backoff.ts";
import type { BrokerConnection } from "../broker/connection.ts";
import { type ConsumerSession, openConsumerSession } from "./consumer-session.ts";
import type { HeldDelivery } from "./delivery.ts";

/**
 * How long a cancelled consumer waits before it consumes again. RabbitMQ (seen with 4.0.5) answers a consume twice while
 * the queue is being deleted, which amqplib takes for a broken connection; that would lose what still runs.
 */
const afterCancelMs = 1_000;

/** More consumers than this are put together into one, where that is cheap. */
const mostConsumers = 4;

/**
 * How much of a queue a worker wants:
 * - `Window`: at most `unsettled` deliveries at a time, running ones included, so that one comes for each that is acked.
 *   `brisk` says that jobs are short: what an ended consumer still has may then come on top for a moment.
 * - `Fetch`: `more` deliveries beside those that have come, and no more by themselves: for jobs that are long, or that
 *   may not start as they come. While some are on their way, more are asked for only when `batch` are missing.
 */
export type Want =
  | { readonly type: "Window"; readonly unsettled: number; readonly brisk: boolean }
  | { readonly type: "Fetch"; readonly more: number; readonly batch: number };

export const nothing: Want = { type: "Fetch", more: 0, batch: 1 };

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
  readonly lane: string | undefined;
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
  const { connection, queue, lane, log } = options;
  const sessions = new Set<ConsumerSession>();
  const idle = new Set<() => void>();
  const backoff = createBackoff(500, 10_000);
  let model: ChannelModel | undefined;
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
        lane,
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
      log.debug({ queue, prefetch, once }, "consuming");
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

  return {
    want(next) {
      if (isSame(wanted, next)) return;
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

/** Consumers that make more, or other, than is wanted. */
function superfluous(wanted: Want, sessions: readonly ConsumerSession[]): ConsumerSession[] {
  const consuming = sessions.filter((session) => session.consuming);
  if (wanted.type === "Fetch") {
    // A few too many that are on their way do no harm; to call them back would cost more.
    const tolerated = wanted.more <= 0 ? 0 : wanted.more * 2;
    let awaited = 0;
    return consuming.filter((session) => {
      awaited += session.prefetch - session.received;
      return !session.once || awaited > tolerated;
    });
  }
  const others = consuming.filter((session) => session.once);
  const windows = consuming.filter((session) => !session.once).sort((a, b) => b.prefetch - a.prefetch);
  if (wanted.brisk && windows.length > mostConsumers) return [...others, ...windows.slice(1)];
  let claimed = wanted.brisk ? 0 : takenByEnded(sessions);
  const tooMuch = windows.filter((session) => {
    if (claimed + session.prefetch > wanted.unsettled) return true;
    claimed += session.prefetch;
    return false;
  });
  return [...others, ...tooMuch];
}

/** The prefetch of the consumer that is missing; 0 or less if none is. */
function missingFrom(wanted: Want, sessions: readonly ConsumerSession[]): number {
  const consuming = sessions.filter((session) => session.consuming);
  if (wanted.type === "Fetch") {
    const awaited = consuming.reduce((sum, session) => sum + session.prefetch - session.received, 0);
    const missing = wanted.more - awaited;
    return awaited > 0 && missing < wanted.batch ? 0 : missing;
  }
  const claimed = consuming.reduce((sum, session) => sum + session.prefetch, 0);
  return wanted.unsettled - claimed - (wanted.brisk ? 0 : takenByEnded(sessions));
}

/** Deliveries of consumers that take no more, not yet over. */
function takenByEnded(sessions: readonly ConsumerSession[]): number {
  return sessions.reduce((sum, session) => sum + (session.consuming ? 0 : session.taken), 0);
}

function isNothing(want: Want): boolean {
  return want.type === "Fetch" && want.more <= 0;
}

function isSame(a: Want, b: Want): boolean {
  if (a.type === "Window") return b.type === "Window" && a.unsettled === b.unsettled && a.brisk === b.brisk;
  return b.type === "Fetch" && a.more === b.more && a.batch === b.batch;
}

function explain(error: unknown, queue: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === 404) return `queue "${queue}" does not exist: is the JobQueue there and ready?`;
  if (code === 403) return `the broker user may not read queue "${queue}"`;
  return error instanceof Error ? error.message : String(error);
}
