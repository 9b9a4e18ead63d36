import { inspect } from "node:util";

/** Errors that users of the runtime meet, one class a cause. */

/** A job, a worker or a producer was described wrongly in code. Thrown while the module loads: mend the code. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
}

/** The worker's configuration, its command line or its credentials are missing or wrong. The message names the file and the field. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** An attempt took longer than its job's `timeout`. It is the reason of `job.signal`, and counts as a failure. */
export class JobTimedOut extends Error {
  override readonly name = "JobTimedOut";
  readonly timeoutMs: number;
  constructor(job: string, timeoutMs: number) {
    super(`job "${job}" took longer than its timeout of ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * A handler with a `heartbeatTimeout` called neither `job.heartbeat()` nor `job.progress()` for so long. It is the reason
 * of `job.signal`, and counts as a failure.
 */
export class JobHung extends Error {
  override readonly name = "JobHung";
  readonly heartbeatTimeoutMs: number;
  constructor(job: string, heartbeatTimeoutMs: number) {
    super(
      `job "${job}" gave no sign of life for its heartbeatTimeout of ${heartbeatTimeoutMs} ms: either it hangs, or it should call job.heartbeat() more often`,
    );
    this.heartbeatTimeoutMs = heartbeatTimeoutMs;
  }
}

/**
 * The thread of a job with `isolate: true` ended before its handler did: an error that nobody caught, no memory left,
 * `process.exit`, or a handler that ignored its signal for 5 s. It counts as a failure.
 */
export class HandlerThreadEnded extends Error {
  override readonly name = "HandlerThreadEnded";
}

/**
 * The broker has taken the job back: its connection or channel is gone, and the job will be delivered again. It is the
 * reason of `job.signal`; whatever the handler still does is not recorded.
 */
export class DeliveryLost extends Error {
  override readonly name = "DeliveryLost";
  /** Whether the broker took it back because a job was held for longer than its consumer timeout. */
  readonly consumerTimedOut: boolean;
  constructor(why = "the connection over which this job was delivered is gone", consumerTimedOut = false) {
    super(`${why}: the broker delivers the job again`);
    this.consumerTimedOut = consumerTimedOut;
  }
}

/** The worker is stopping and its drain timeout is nearly over. It is the reason of `job.signal`; the job goes back to the queue. */
export class DrainDeadline extends Error {
  override readonly name = "DrainDeadline";
  constructor() {
    super("the worker is stopping and its drain timeout is over: the job goes back to the queue");
  }
}

/** A delivery names a job that the worker does not have. It is dead-lettered: deploy the worker before its producers. */
export class UnknownJob extends Error {
  override readonly name = "UnknownJob";
}

/** An input that the job's schema refuses. `enqueue` sends nothing then; a delivery is dead-lettered. */
export class InvalidInput extends Error {
  override readonly name = "InvalidInput";
}

/** What a handler returned is not what its job's `output` promises, or not JSON. It counts as a failed attempt. */
export class InvalidOutput extends Error {
  override readonly name = "InvalidOutput";
}

/** The job was not started before the moment that its producer's `expires` set. It is dead-lettered. */
export class JobExpired extends Error {
  override readonly name = "JobExpired";
}

/** An option of `enqueue` that is wrong. Nothing was sent. */
export class InvalidOptions extends Error {
  override readonly name = "InvalidOptions";
}

/**
 * A body is larger than the queue or broker allows. `enqueue` sends nothing then; a delivery is dead-lettered. Store what
 * is large elsewhere and enqueue where it is.
 */
export class MessageTooLarge extends Error {
  override readonly name = "MessageTooLarge";
  readonly bytes: number;
  readonly maxBytes: number;
  constructor(bytes: number, maxBytes: number) {
    super(
      `the message's body has ${bytes} bytes, and at most ${maxBytes} are allowed: store it elsewhere (an object store, a database) and enqueue a reference to it`,
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** A body that cannot be decrypted: its key is unknown, or it was altered. The delivery is dead-lettered. */
export class Undecryptable extends Error {
  override readonly name = "Undecryptable";
}

/**
 * The broker has no queue for the message: the JobQueue does not exist (yet), its exchange is gone, or nothing is bound
 * to it. The job is not stored. Check `kubectl get jobqueue` and the producer's `queue`.
 */
export class Unroutable extends Error {
  override readonly name = "Unroutable";
}

/** The broker refused to store the message (`basic.nack`): the queue is full, or its quorum is lost. The job is not stored. */
export class Nacked extends Error {
  override readonly name = "Nacked";
}

/**
 * The broker closed the channel over what was published: no write permission (403) or a message over its size limit (406).
 * What else was in flight on the channel is sent again.
 */
export class PublishRefused extends Error {
  override readonly name = "PublishRefused";
  /** AMQP reply code. */
  readonly code: number | undefined;
  constructor(message: string, code: number | undefined) {
    super(message);
    this.code = code;
  }
}

/** The connection ended before the broker confirmed: the message may or may not be stored. The producer itself tries again. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  constructor() {
    super("the connection to the broker was lost before it confirmed the message");
  }
}

/** The producer or publisher was closed before the broker confirmed: the message may or may not be stored. */
export class ProducerClosed extends Error {
  override readonly name = "ProducerClosed";
  constructor() {
    super("the producer was closed before the broker confirmed the message");
  }
}

/** More calls of `enqueue` wait for room than `maxWaiting` allows. Await `enqueue` instead of starting ever more. */
export class ProducerOverloaded extends Error {
  override readonly name = "ProducerOverloaded";
}

// JSON would refuse a BigInt and what holds itself.
const inspected = { depth: 3, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 1_000, maxArrayLength: 20 };

/**
 * Some jobs of `enqueueMany` were not stored, for the reasons in `failures`. No further inputs were taken after the first
 * failure, and what was on its way was waited for.
 */
export class BatchFailed extends Error {
  override readonly name = "BatchFailed";
  /** By index of the input: the id of a job that is stored, undefined for one that is not (or may be: see its failure). */
  readonly ids: readonly (string | undefined)[];
  /** Why, by index of the input. The index after the last is that of an input which its source failed to give. */
  readonly failures: readonly { readonly index: number; readonly error: unknown }[];
  constructor(ids: readonly (string | undefined)[], failures: BatchFailed["failures"]) {
    super(batchMessage(ids.length, failures), { cause: failures[0]?.error });
    this.ids = ids;
    this.failures = failures;
  }
}

function batchMessage(taken: number, failures: BatchFailed["failures"]): string {
  const [first] = failures;
  if (first === undefined) return `none of the ${taken} jobs taken so far failed`;
  const { message } = asError(first.error);
  if (first.index >= taken) return `the source of inputs failed after ${taken} of them, which are stored: ${message}`;
  return `${failures.length} of the ${taken} jobs taken so far were not stored: inputs[${first.index}]: ${message}`;
}

/** What an error says, for the message of another, whatever was thrown. Never throws. */
export function messageOf(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.message);
    return typeof error === "string" ? error : inspect(error, inspected);
  } catch {
    return "something was thrown that cannot be looked at";
  }
}

/** `error` as an Error that can be told in headers and logs, whatever was thrown. Never throws. */
export function asError(error: unknown): Error {
  try {
    return tellable(error);
  } catch {
    // A getter or a Proxy that throws.
    return new Error("a handler threw something that cannot be looked at");
  }
}

function tellable(error: unknown): Error {
  if (error instanceof Error && isTellable(error)) return error;
  if (error instanceof Error)
    return new Error(
      `a handler threw an Error with ${inspect({ name: error.name, message: error.message }, inspected)}`,
    );
  return new Error(typeof error === "string" ? error : `a handler threw ${inspect(error, inspected)}`);
}

// Both can be set to anything, and are told in headers and logs.
function isTellable({ name, message, stack }: Error): boolean {
  return typeof name === "string" && typeof message === "string" && ["string", "undefined"].includes(typeof stack);
}

/** Whoever enqueues when its handler has ended would otherwise take for sent what is not. */
export function enqueuedTooLate(job: string): Error {
  return new Error(`job.enqueue "${job}": the handler has ended: await what it enqueues`);
}
