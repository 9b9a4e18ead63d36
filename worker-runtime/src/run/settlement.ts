import type { Clock } from "../clock.ts";
import { laneQueue, type RetryPolicy } from "../contract/index.ts";
import { asError, InvalidInput } from "../errors.ts";
import type { Job } from "../job.ts";
import type { InputCodec, SealedInput } from "../message/input-codec.ts";
import type { JobMessage, OutgoingMessage } from "../message/message.ts";
import type { OutcomeLabel } from "../telemetry/metrics.ts";
import type { Announcer } from "./announcer.ts";
import { deadLetter } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";
import { decideOutcome, type Outcome } from "./outcome.ts";
import { eventError } from "./outcome-events.ts";
import { retryCopy } from "./retry-copy.ts";
import type { RunContext } from "./run-context.ts";
import { type OutcomePublisher, settleWith } from "./settle.ts";

export interface SettlementOptions {
  readonly queue: string;
  /** What dead letters call this worker. */
  readonly worker: string;
  readonly retry: RetryPolicy;
  readonly codec: InputCodec;
  readonly announcer: Announcer;
  readonly publisher: OutcomePublisher;
  readonly clock: Clock;
  random(): number;
}

/** Makes outcomes come true. */
export interface Settlement {
  /**
   * Publishes what an outcome needs, then acks the delivery or hands it back.
   *
   * @param job undefined for a job that this worker does not have.
   * @returns what became of the delivery.
   */
  settle(
    outcome: Outcome,
    job: Job | undefined,
    message: JobMessage,
    delivery: Delivery,
    context: RunContext,
  ): Promise<OutcomeLabel>;
}

export function createSettlement(options: SettlementOptions): Settlement {
  const { queue, worker, retry, codec, announcer, publisher, clock, random } = options;

  /** The messages of an outcome, its children's and copy first. */
  async function messagesOf(
    outcome: Exclude<Outcome, { type: "HandBack" }>,
    message: JobMessage,
    lane: string | undefined,
    body: SealedInput | undefined,
  ): Promise<readonly OutgoingMessage[]> {
    switch (outcome.type) {
      case "Done": {
        const { children, output } = outcome;
        const told = output === undefined ? {} : { output };
        return [...children, ...(await announcer.events(message, { outcome: "done", ...told }))];
      }
      case "Retry": {
        const target = lane === undefined ? queue : laneQueue(queue, lane);
        const copy = retryCopy(message, outcome, body, target, clock.now());
        return [copy, ...(await announcer.events(message, { outcome: "retried", error: eventError(outcome.error) }))];
      }
      case "DeadLetter": {
        const { error, reason } = outcome;
        const letter = deadLetter(message, outcome, { queue, worker, nowMs: clock.now() });
        return [letter, ...(await announcer.events(message, { outcome: "failed", error: eventError(error, reason) }))];
      }
    }
  }

  /** A RetryLater's new input as a body. One that does not fit fails here, and not after its wait, far from the code at fault. */
  async function rewrite(outcome: Outcome, job: Job | undefined, { id, attempt }: JobMessage) {
    if (outcome.type !== "Retry" || outcome.input === undefined || job === undefined) return { outcome };
    try {
      return { outcome, body: await codec.seal(job, id, outcome.input) };
    } catch (error) {
      const wrong = new InvalidInput(`RetryLater: ${asError(error).message}`);
      return { outcome: decideOutcome({ type: "Threw", error: wrong }, attempt, retry, random()) };
    }
  }

  return {
    async settle(decided, job, message, delivery, context) {
      const { outcome, body } = await rewrite(decided, job, message);
      if (outcome.type === "HandBack") return delivery.handBack() ? "handed_back" : "lost";
      if (!delivery.open) return "lost";
      if (outcome.type === "Retry")
        context.log.warn({ err: outcome.error, delayMs: outcome.delayMs }, "to be tried again");
      if (outcome.type === "DeadLetter")
        context.log.error({ err: outcome.error, reason: outcome.reason }, "dead-lettered");
      const messages = await messagesOf(outcome, message, delivery.lane, body);
      if (await settleWith(delivery, messages, publisher, clock, context)) return labels[outcome.type];
      return delivery.lost.aborted ? "lost" : "handed_back";
    },
  };
}

const labels = { Done: "done", Retry: "retried", DeadLetter: "failed" } as const;
