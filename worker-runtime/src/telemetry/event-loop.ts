import { monitorEventLoopDelay } from "node:perf_hooks";
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
/** How finely the delay is sampled: the coarser, the less often an idle process wakes. */
const resolutionMs = 50;
const intervalMs = 1_000;
/** Prometheus scrapes every 15 s or so, and is not to miss what happened in between. */
const rememberedIntervals = 15;

/**
 * Watches whether something blocks the event loop: then no other job goes on, and the broker hears no heartbeat. It is
 * measured, warned of with the jobs that ran meanwhile, and told when the connection was lost over it.
 *
 * @returns call it to stop.
 */
export function watchEventLoop({ metrics, connection, heartbeatSeconds, log }: EventLoopOptions): () => void {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const recent: number[] = [];
  const longest = () => Math.max(0, ...recent);
  metrics.showLag(longest);

  /** The longest lag since it was asked last. */
  function take(): number {
    // Each sample holds the pause between two samples as well. Without samples, max is 0.
    const lagSeconds = Math.max(0, histogram.max / 1e9 - resolutionMs / 1_000);
    histogram.reset();
    return lagSeconds;
  }

  function look(): void {
    const lagSeconds = take();
    recent.push(lagSeconds);
    if (recent.length > rememberedIntervals) recent.shift();
    const jobs = metrics.ranLately();
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

  const timer = setInterval(() => {
    look();
  }, intervalMs);
  timer.unref();
  connection.listen({
    up() {},
    down() {
      // The loss may be heard of before the lag is looked at.
      setTimeout(() => {
        explainLoss().catch((error: unknown) => log.debug({ err: error }, "a lost connection was not explained"));
      }, 1.5 * intervalMs).unref();
    },
  });

  return () => {
    clearInterval(timer);
    histogram.disable();
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
