import type { DeadLetterReason, RetryPolicy } from "../contract/index.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { isGiveUp, isRetryLater } from "./handler-outcome.ts";
import { retryDelayMs } from "./retry.ts";

/** How one run of a handler ended. */
export type Ending =
  | { readonly type: "Returned"; readonly output: unknown; readonly children: readonly OutgoingMessage[] }
  | { readonly type: "Threw"; readonly error: Error }
  | { readonly type: "TimedOut"; readonly error: Error }
  /** It threw after its signal was aborted because the worker stops. */
  | { readonly type: "Interrupted" };

/** What becomes of the job. */
export type Outcome =
  | {
      readonly type: "Done";
      readonly output: unknown;
      /** The jobs that it enqueued. */
      readonly children: readonly OutgoingMessage[];
    }
  | {
      readonly type: "Retry";
      readonly delayMs: number;
      /** The attempt that the retry is. */
      readonly attempt: number;
      /** Input of the retry; undefined keeps the present body. */
      readonly input: unknown;
      readonly error: Error;
    }
  | { readonly type: "DeadLetter"; readonly reason: DeadLetterReason; readonly error: Error }
  /** Back to the queue as it was, for another worker. */
  | { readonly type: "HandBack" };

/** Outcomes that publish a copy of the job. */
export type Copied = Extract<Outcome, { type: "Retry" | "DeadLetter" }>;

/**
 * Decides what becomes of a job after a run. Only a failure raises the attempt: a `RetryLater` says that the job could
 * not be done yet, and an interrupted one is not to blame.
 *
 * @param random evenly spread over [0, 1), for the jitter.
 */
export function decideOutcome(ending: Ending, attempt: number, policy: RetryPolicy, random: number): Outcome {
  switch (ending.type) {
    case "Returned":
      return { type: "Done", output: ending.output, children: ending.children };
    case "Interrupted":
      return { type: "HandBack" };
    case "TimedOut":
      return failedOutcome(ending.error, attempt, policy, random);
    case "Threw": {
      const { error } = ending;
      if (isRetryLater(error)) return { type: "Retry", delayMs: error.afterMs, attempt, input: error.input, error };
      if (isGiveUp(error)) return { type: "DeadLetter", reason: "GaveUp", error };
      return failedOutcome(error, attempt, policy, random);
    }
  }
}

/** What becomes of a job whose attempt failed: another attempt, or the dead-letter queue. */
export function failedOutcome(error: Error, attempt: number, policy: RetryPolicy, random: number): Copied {
  if (attempt >= policy.maxAttempts) return { type: "DeadLetter", reason: "AttemptsExhausted", error };
  const delayMs = retryDelayMs(policy, attempt, random);
  return { type: "Retry", delayMs, attempt: attempt + 1, input: undefined, error };
}
