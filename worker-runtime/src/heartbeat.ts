import { setTimeout as sleep } from "node:timers/promises";
import type { Channel } from "amqplib";
import type { Logger } from "pino";
import type { BrokerConnection } from "./broker/connection.ts";
import {
  type Heartbeat,
  heartbeatExchange,
  heartbeatIntervalMs,
  heartbeatRoutingKey,
  protocolVersion,
  type WorkerIdentity,
  type WorkerState,
} from "./contract/index.ts";
import type { Figures } from "./run/tally.ts";

/** Reports to the operator. */
export interface HeartbeatSender {
  /** Reports now, besides the regular reports: the worker was cordoned, uncordoned, drained, paused or told to stop. */
  now(): void;
  /** Reports now, or 250 ms after the last report: the worker turned idle, which with short jobs it does all the time. */
  soon(): void;
  /** The last report; no more follow. Resolves when it is on its way. */
  last(): Promise<void>;
}

export interface HeartbeatOptions {
  readonly connection: BrokerConnection;
  readonly identity: WorkerIdentity;
  readonly slots: number;
  readonly log: Logger;
  state(): WorkerState;
  figures(): Figures;
  /** What waits in the worker, the rate that it keeps to, and whether its queue is paused. */
  flow(): Pick<Heartbeat, "held" | "rate" | "paused">;
}

const shortestIntervalMs = 250;
const lastReportTimeoutMs = 1_000;

/**
 * Sends heartbeats every 2 s over the publishing connection. Those that cannot be sent (no connection, or a blocked
 * one) are left out, not queued: an old heartbeat says nothing. The operator reads silence as "unknown".
 */
export function startHeartbeats(options: HeartbeatOptions): HeartbeatSender {
  const { identity, slots, log } = options;
  const routingKey = heartbeatRoutingKey(identity);
  const epoch = Date.now();
  let sequence = 0;
  let channel: Channel | undefined;
  let blocked = false;
  let ended = false;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let pending: NodeJS.Timeout | undefined;

  options.connection.listen({
    up(model) {
      blocked = false;
      openChannel(() => model.createChannel());
    },
    down() {
      channel = undefined;
    },
    blocked(now) {
      blocked = now;
    },
  });

  function openChannel(open: () => Promise<Channel>): void {
    open().then(
      (opened) => {
        channel = opened;
        // A missing exchange closes the channel: the operator declares it, so try again at its pace.
        opened.on("error", (error) => log.warn({ reason: error.message }, "the broker refuses heartbeats"));
        opened.once("close", () => {
          if (channel !== opened) return;
          channel = undefined;
          if (!ended) setTimeout(() => openChannel(open), heartbeatIntervalMs).unref();
        });
        send();
      },
      (error: unknown) => log.debug({ err: error }, "cannot open a channel for heartbeats"),
    );
  }

  function send(): void {
    clearTimeout(pending);
    pending = undefined;
    if (channel === undefined || blocked || ended) return;
    sentAtMs = performance.now();
    const report: Heartbeat = {
      version: protocolVersion,
      ...identity,
      epoch,
      sequence,
      state: options.state(),
      slots,
      ...options.flow(),
      ...options.figures(),
    };
    sequence += 1;
    try {
      channel.publish(heartbeatExchange, routingKey, Buffer.from(JSON.stringify(report)), {
        contentType: "application/json",
      });
    } catch (error) {
      log.debug({ err: error }, "a heartbeat was not sent");
    }
  }

  const timer = setInterval(send, heartbeatIntervalMs);

  return {
    now: send,
    soon() {
      pending ??= setTimeout(send, Math.max(0, sentAtMs + shortestIntervalMs - performance.now()));
    },
    async last() {
      clearInterval(timer);
      send();
      ended = true;
      // Closing a channel waits for the broker, and so for what was sent before; a broker that is gone never answers.
      const closed = channel?.close().catch(() => {});
      await Promise.race([closed, sleep(lastReportTimeoutMs, undefined, { ref: false })]);
    },
  };
}
