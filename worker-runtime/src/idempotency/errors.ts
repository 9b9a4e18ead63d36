import { GiveUp, RetryLater } from "../run/handler-outcome.ts";

/**
 * Somebody else is doing what `once` was asked to do: another worker that runs a copy of this job, or one that died a
 * moment ago and whose lease is not over yet. Left uncaught in a handler, the job is tried again when the lease could be
 * over; no attempt is counted.
 */
export class AlreadyRunning extends RetryLater {
  override readonly name = "AlreadyRunning";
  readonly key: string;
  constructor(key: string, forMs: number) {
    // Delays are in whole seconds; rounded up, so that the lease of a dead holder is over when the job comes back.
    super({ after: `${Math.max(1, Math.ceil(forMs / 1000))}s` });
    this.message = `once "${key}": somebody else holds the lease; to be tried again in ${this.afterMs / 1000} s`;
    this.key = key;
  }
}

/**
 * The store of `once` did not answer. Before the work: it was not begun, since without the store it could be done twice.
 * After it: it is done, but the store could not be told, so it is done again when the job is tried again. Left uncaught
 * in a handler, the attempt has failed.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly key: string;
  constructor(key: string, what: string, cause: unknown) {
    super(`once "${key}": ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.key = key;
  }
}

/**
 * The store was away, or the process stood still, for longer than the lease, and the work may have been begun elsewhere.
 * It is the reason of the signal given to the work; left uncaught in a handler, the attempt has failed.
 */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  readonly key: string;
  constructor(key: string) {
    super(`once "${key}": the lease was lost while the work went on: somebody else may be doing it`);
    this.key = key;
  }
}

/**
 * What the work returned cannot be stored: it is not JSON, or too large. The work is done and marked as done, so it is
 * not repeated; every call with this key throws this error. Left uncaught in a handler, the job is dead-lettered: to try
 * again cannot help. Return something smaller, such as the id of what was made, or nothing.
 *
 * In `once.transaction` it is thrown before the commit: then nothing is done.
 */
export class ResultNotStorable extends GiveUp {
  override readonly name = "ResultNotStorable";
}
