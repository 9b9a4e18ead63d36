import type { Clock } from "../clock.ts";
import { laneQueue, type RetryPolicy } from "../contract/index.ts";
import { InvalidInput, messageOf } from "../errors.ts";
import type { Job } from "../job.ts";
import type { InputCodec, SealedInput } from "../message/input-codec.ts";
import type { JobMessage, OutgoingMessage } from "../message/message.ts";
import type { OutcomeLabel } from "../telemetry/metrics.ts";
import type { Announcer } from "./announcer.ts";
import { deadLetter } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";
import { isRetryLater } from "./handler-outcome.ts";
import { type Copied, failedOutcome, type Outcome } from "./outcome.ts";
import { eventError } from "./outcome-events.ts";
import { retryCopy } from "./retry-copy.ts";
import type { RunContext } from "./run-context.ts";
import { type OutcomePublisher, settleWith, store } from "./settle.ts";

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

  const failed = (error: Error, { attempt }: JobMessage) => failedOutcome(error, attempt, retry, random());

  function events(outcome: Announced, message: JobMessage): Promise<readonly OutgoingMessage[]> {
    switch (outcome.type) {
      case "Done":
        return announcer.events(message, {
          outcome: "done",
          ...(outcome.output === undefined ? {} : { output: outcome.output }),
        });
      case "Retry":
        return announcer.events(message, { outcome: "retried", error: eventError(outcome.error) });
      case "DeadLetter":
        return announcer.events(message, { outcome: "failed", error: eventError(outcome.error, outcome.reason) });
    }
  }

  /** A RetryLater's new input as a body. */
  async function bodyOf(outcome: Copied, job: Job | undefined, { id }: JobMessage): Promise<SealedInput | undefined> {
    if (outcome.type !== "Retry" || outcome.input === undefined || job === undefined) return undefined;
    return await codec.seal(job, id, outcome.input);
  }

  function copyOf(outcome: Copied, message: JobMessage, lane: string | undefined, body: SealedInput | undefined) {
    const nowMs = clock.now();
    if (outcome.type === "DeadLetter") return deadLetter(message, outcome, { queue, worker, nowMs });
    return retryCopy(message, outcome, body, lane === undefined ? queue : laneQueue(queue, lane), nowMs);
  }

  async function settleDone(outcome: Done, at: Place): Promise<OutcomeLabel> {
    const { message, delivery, context } = at;
    // A child that no queue takes is the handler's failure: its attempts are counted, and its dead letter says why.
    const refused = await store(delivery, outcome.children, publisher, clock, context);
    if (refused !== undefined) return delivery.open ? await settleCopied(failed(refused, message), at) : "lost";
    return await conclude(await events(outcome, message), "done", at);
  }

  async function settleCopied(outcome: Copied, at: Place): Promise<OutcomeLabel> {
    const { job, message, delivery, context } = at;
    let body: SealedInput | undefined;
    try {
      body = await bodyOf(outcome, job, message);
    } catch (error) {
      // It would be dead-lettered after its wait, far from the code that is at fault.
      return await settleCopied(failed(new InvalidInput(`RetryLater: ${messageOf(error)}`), message), at);
    }
    logOutcome(outcome, context);
    // Before the copy: if they cannot be stored, the job goes back, and there must not be two of it then.
    const refused = await store(delivery, await events(outcome, message), publisher, clock, context);
    if (refused !== undefined) return delivery.handBack() ? "handed_back" : "lost";
    return await conclude([copyOf(outcome, message, delivery.lane, body)], labelOf(outcome), at);
  }

  async function conclude(last: readonly OutgoingMessage[], label: OutcomeLabel, at: Place): Promise<OutcomeLabel> {
    const { delivery, context } = at;
    if (await settleWith(delivery, last, publisher, clock, context)) return label;
    return delivery.lost.aborted ? "lost" : "handed_back";
  }

  return {
    async settle(outcome, job, message, delivery, context) {
      if (outcome.type === "HandBack") return delivery.handBack() ? "handed_back" : "lost";
      if (!delivery.open) return "lost";
      const at = { job, message, delivery, context };
      return outcome.type === "Done" ? await settleDone(outcome, at) : await settleCopied(outcome, at);
    },
  };
}

/** What is settled. */
interface Place {
  readonly job: Job | undefined;
  readonly message: JobMessage;
  readonly delivery: Delivery;
  readonly context: RunContext;
}

type Done = Extract<Outcome, { type: "Done" }>;
type Announced = Exclude<Outcome, { type: "HandBack" }>;

function logOutcome(outcome: Copied, { ownLog: log }: RunContext): void {
  const { error } = outcome;
  if (outcome.type === "Retry") log.warn({ err: error, delayMs: outcome.delayMs }, "to be tried again");
  else log.error({ err: error, reason: outcome.reason }, "dead-lettered");
}

function labelOf({ type, error }: Copied): OutcomeLabel {
  if (type === "DeadLetter") return "failed";
  return isRetryLater(error) ? "postponed" : "retried";
}
