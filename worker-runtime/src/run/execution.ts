import type { Clock } from "../clock.ts";
import { asError, JobHung, JobTimedOut } from "../errors.ts";
import type { Job } from "../job.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { isGiveUp, isRetryLater } from "./handler-outcome.ts";
import { watchForHang } from "./hang-watch.ts";
import type { Interruption } from "./interruption.ts";
import type { Ending } from "./outcome.ts";
import type { RunContext } from "./run-context.ts";

const noChildren: readonly OutgoingMessage[] = [];

/**
 * Runs a handler once, and settles only when it has ended: never before, so that its slot is not given away under it.
 *
 * - Over its timeout or its heartbeatTimeout, its signal is aborted and the run has failed, even if the handler then
 *   returns: one that returns early because of the signal has not done its work.
 * - When the worker stops, a handler that still returns has done its work; one that throws goes back to the queue.
 * - RetryLater and GiveUp say what the handler wants, so they count whenever they are thrown.
 */
export async function execute(job: Job, input: unknown, context: RunContext, clock: Clock): Promise<Ending> {
  const { interruption } = context;
  // A thread is ended in the end, and that is reported; only ordinary handlers can keep their slot.
  interruption.reported = !job.isolate;
  const cancelTimeout = limitTime(job, interruption, clock);
  const stopWatch = watchForHang(job, context, clock);
  try {
    const output = await job.run(input, context);
    const children = context.children === undefined ? noChildren : await context.children.messages();
    return timedOut(interruption) ?? { type: "Returned", output, children };
  } catch (error) {
    return thrown(asError(error), interruption);
  } finally {
    cancelTimeout?.();
    stopWatch?.();
    context.end();
  }
}

function limitTime({ name, timeoutMs }: Job, interruption: Interruption, clock: Clock): (() => void) | undefined {
  if (timeoutMs === undefined) return undefined;
  return clock.after(timeoutMs, () => interruption.abort(new JobTimedOut(name, timeoutMs)));
}

function timedOut({ reason }: Interruption): Ending | undefined {
  return reason instanceof JobTimedOut || reason instanceof JobHung ? { type: "TimedOut", error: reason } : undefined;
}

function thrown(error: Error, interruption: Interruption): Ending {
  if (isRetryLater(error) || isGiveUp(error)) return { type: "Threw", error };
  if (interruption.atDrainDeadline) return { type: "Interrupted" };
  return timedOut(interruption) ?? { type: "Threw", error };
}
