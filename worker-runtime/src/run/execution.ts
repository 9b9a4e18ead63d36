import type { Logger } from "pino";
import { DrainDeadline, JobTimedOut } from "../errors.ts";
import type { Job, JobContext } from "../job.ts";
import { isGiveUp, isRetryLater } from "./handler-outcome.ts";
import type { Ending } from "./outcome.ts";

/** How long a handler may go on after its signal was aborted before it is reported. */
const reportAfterMs = 5_000;

/**
 * Runs a handler once, and settles only when it has ended: never before, so that its slot is not given away under it.
 *
 * - Over its timeout, its signal is aborted and the run has failed, even if the handler then returns: one that returns
 *   early because of the signal has not done its work.
 * - When the worker stops (`interrupts` with {@link DrainDeadline}), a handler that still returns has done its work; one
 *   that throws goes back to the queue.
 * - RetryLater and GiveUp say what the handler wants, so they count whenever they are thrown.
 * - A handler that goes on for 5 s after the abort is reported in the log.
 *
 * @param interrupts aborted with DeliveryLost or DrainDeadline as reason. Listened to one by one: `AbortSignal.any` over
 * a signal that lives as long as the process keeps what it made alive for long.
 */
export async function execute(
  job: Job,
  input: unknown,
  context: Omit<JobContext, "signal">,
  interrupts: readonly AbortSignal[],
): Promise<Ending> {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (reason: unknown) => controller.abort(reason);
  const onInterrupt = () => abort(interrupts.find((interrupt) => interrupt.aborted)?.reason);
  if (interrupts.some((interrupt) => interrupt.aborted)) onInterrupt();
  for (const interrupt of interrupts) interrupt.addEventListener("abort", onInterrupt, { once: true });

  const timer =
    job.timeoutMs === undefined
      ? undefined
      : setTimeout(() => abort(new JobTimedOut(`job "${job.name}"`, job.timeoutMs ?? 0)), job.timeoutMs);
  const stopReporting = reportIfIgnored(signal, context.log);
  try {
    await job.run(input, { ...context, signal });
    return timedOut(signal) ?? { type: "Returned" };
  } catch (error) {
    return thrown(error, signal);
  } finally {
    clearTimeout(timer);
    stopReporting();
    for (const interrupt of interrupts) interrupt.removeEventListener("abort", onInterrupt);
  }
}

function timedOut({ reason }: AbortSignal): Ending | undefined {
  return reason instanceof JobTimedOut ? { type: "TimedOut", error: reason } : undefined;
}

function thrown(error: unknown, signal: AbortSignal): Ending {
  if (isRetryLater(error) || isGiveUp(error)) return { type: "Threw", error };
  if (signal.reason instanceof DrainDeadline) return { type: "Interrupted" };
  return timedOut(signal) ?? { type: "Threw", error };
}

function reportIfIgnored(signal: AbortSignal, log: Logger): () => void {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    const report = () =>
      log.warn(
        { reason: String(signal.reason) },
        `the handler goes on ${reportAfterMs / 1000} s after its signal was aborted: pass job.signal to what it waits for; until it ends, its slot stays taken`,
      );
    timer = setTimeout(report, reportAfterMs);
    timer.unref();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  };
}
