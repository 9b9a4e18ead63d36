import { maxDelaySeconds, parseDuration } from "../contract/index.ts";
import { messageOf } from "../errors.ts";

// Symbols of the global registry: handlers may import another copy of this package than the one that runs them.
const retryLater = Symbol.for("jobwright.retry-later");
const giveUp = Symbol.for("jobwright.give-up");

/**
 * Throw it from a handler to have the job tried again after a while, for example because what it needs is not there
 * yet. It is not a failure: `job.attempt` stays as it is, so a job may wait like this as often as it needs to.
 *
 * @example throw new RetryLater({ after: "30s" });
 * @example throw new RetryLater({ after: "5m", input: { ...input, radiusKm: input.radiusKm * 2 } });
 */
export class RetryLater extends Error {
  override readonly name: string = "RetryLater";
  readonly [retryLater] = true;
  /** In ms; the wait is rounded up to whole seconds. */
  readonly afterMs: number;
  /** The input of the next run; undefined keeps the present one. */
  readonly input: unknown;

  /**
   * @throws TypeError if `after` is not a duration.
   * @throws RangeError if it is longer than 8.5 years.
   */
  constructor({ after, input }: { after: string; input?: unknown }) {
    super(`to be tried again after ${after}`);
    try {
      this.afterMs = parseDuration(after);
    } catch (error) {
      throw new TypeError(`RetryLater: after: ${messageOf(error)}`);
    }
    if (this.afterMs > maxDelaySeconds * 1000) {
      throw new RangeError(`RetryLater: after ${after} is out of range: expected at most 8.5 years`);
    }
    this.input = input;
  }
}

/**
 * Throw it from a handler when trying again cannot help: the job is dead-lettered at once, with the reason.
 *
 * @example throw new GiveUp("the image was deleted");
 */
export class GiveUp extends Error {
  override readonly name: string = "GiveUp";
  readonly [giveUp] = true;
}

export function isRetryLater(error: unknown): error is RetryLater {
  return error instanceof Error && retryLater in error;
}

export function isGiveUp(error: unknown): error is GiveUp {
  return error instanceof Error && giveUp in error;
}
