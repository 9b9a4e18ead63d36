import type { Logger } from "pino";
import type { BrokerConnection } from "../broker/connection.ts";
import type { WorkerMetrics } from "./metrics.ts";

export interface EventLoopOptions {
  readonly metrics: Pick<WorkerMetrics, "showLag" | "ranLately">;
  /** The connection whose loss is explained. */
  readonly connection: Pick<BrokerConnection, "listen">;
  /** Seconds between AMQP heartbeats. */
  heartbeatSeconds(): Promise<number>;
  readonly log: Logger;
}

/** From which lag on it is warned of: heartbeats, acks and timeouts are late by as much. */
const warnSeconds = 1;
/** A block of the loop is measured as up to so much shorter than it was. */
const tickMs = 100;
/** Prometheus scrapes every 15 s or so, and is not to miss what happened in between. */
const rememberedMs = 15_000;
/** Less is what any timer is late by. */
const leastLagSeconds = 0.01;

/**
 * Watches whether something blocks the event loop: then no other job goes on, and the broker hears no heartbeat. It is
 * measured, warned of with the jobs that ran meanwhile, and told when the connection was lost over it.
 *
 * @returns call it to stop.
 */
export function watchEventLoop({ metrics, connection, heartbeatSeconds, log }: EventLoopOptions): () => void {
  const recent: { readonly atMs: number; readonly lagSeconds: number }[] = [];
  let tickedAtMs = performance.now();

  function longest(): number {
    const oldestMs = performance.now() - rememberedMs;
    while (recent[0] !== undefined && recent[0].atMs < oldestMs) recent.shift();
    return Math.max(0, ...recent.map(({ lagSeconds }) => lagSeconds));
  }

  // Not by monitorEventLoopDelay, which is blind for one period after each reset.
  function tick(): void {
    const nowMs = performance.now();
    const lagSeconds = (nowMs - tickedAtMs - tickMs) / 1_000;
    tickedAtMs = nowMs;
    const jobs = metrics.ranLately();
    if (lagSeconds < leastLagSeconds) return;
    longest();
    recent.push({ atMs: nowMs, lagSeconds });
    if (lagSeconds < warnSeconds) return;
    log.warn(
      { lagSeconds: rounded(lagSeconds), jobs },
      "the event loop was blocked: no other job went on, and no heartbeat was sent. One of these jobs computes without a pause: give it isolate: true, or let it await now and then",
    );
  }

  async function explainLoss(): Promise<void> {
    const lagSeconds = longest();
    const seconds = await heartbeatSeconds();
    if (seconds === 0 || lagSeconds < seconds) return;
    log.error(
      { lagSeconds: rounded(lagSeconds), heartbeatSeconds: seconds },
      "the connection was lost because the event loop was blocked: the broker heard no heartbeat in time, and gives the jobs to others. Give the job that computes isolate: true",
    );
  }

  metrics.showLag(longest);
  const timer = setInterval(tick, tickMs);
  timer.unref();
  connection.listen({
    up() {},
    down() {
      // The loss may be heard of before the lag is looked at.
      setTimeout(() => {
        explainLoss().catch((error: unknown) => log.debug({ err: error }, "a lost connection was not explained"));
      }, 2 * tickMs).unref();
    },
  });

  return () => clearInterval(timer);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
