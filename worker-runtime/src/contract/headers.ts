/**
 * Message headers. All begin with `jobwright-`: RabbitMQ owns or drops `x-` headers, depending on its version.
 * Numbers are AMQP integers, the rest are strings.
 */
export const header = {
  /** Which attempt this message is, 1 for the first. A crash does not raise it; a failed attempt does. */
  attempt: "jobwright-attempt",
  /** When the job was first enqueued, in ms since the Unix epoch. Kept across retries. */
  enqueuedAt: "jobwright-enqueued-at",
  /** On a retry, when it is due, in ms since the Unix epoch: what a wait is counted from. */
  dueAt: "jobwright-due-at",
  /** The producer's own name for the work, for example an order's number. */
  key: "jobwright-key",
  /** When the job is no longer worth starting, in ms since the Unix epoch. */
  expiresAt: "jobwright-expires-at",
  /** Id of the key that the body is encrypted with; absent means plain. */
  encryption: "jobwright-encryption",
  /** W3C trace context of whoever enqueued the job. */
  traceparent: "traceparent",
  tracestate: "tracestate",
} as const;

/** Headers that only dead letters carry: why the job is there, and what is needed to send it again. */
export const deadLetterHeader = {
  /** Why: one of {@link DeadLetterReason}. */
  reason: "jobwright-dead-reason",
  /** `error.name` of what the handler threw. */
  errorName: "jobwright-error-name",
  errorMessage: "jobwright-error-message",
  /** `error.stack`, cut to 4 KiB. */
  errorStack: "jobwright-error-stack",
  /** The worker that gave up on it: `<namespace>.<pool>.<pod>`, or the host's name outside Kubernetes. */
  worker: "jobwright-worker",
  /** When it was given up, in ms since the Unix epoch. */
  deadAt: "jobwright-dead-at",
  /** The queue it came from. */
  origin: "jobwright-origin",
} as const;

/**
 * - `AttemptsExhausted`: the handler failed `retry.maxAttempts` times.
 * - `GaveUp`: the handler threw `GiveUp`.
 * - `InvalidInput`: the body is not JSON, or is not what the job's schema asks for.
 * - `UnknownJob`: no handler of that name in the worker.
 * - `Expired`: it had not been started by the time that its producer set.
 * - `Undecryptable`: its body is encrypted with a key that the worker does not have, or was altered.
 * - `TooLarge`: its body is larger than the queue allows.
 */
export type DeadLetterReason =
  | "AttemptsExhausted"
  | "GaveUp"
  | "InvalidInput"
  | "UnknownJob"
  | "Expired"
  | "Undecryptable"
  | "TooLarge";
