import type { Logger } from "pino";
import type { z } from "zod";
import { durationMs } from "./configured-duration.ts";
import { DefinitionError } from "./errors.ts";

/** What a handler knows about the attempt it is running. */
export interface JobContext {
  /** The message's id; the same for every attempt of a job. */
  readonly id: string;
  /** The job's name. */
  readonly name: string;
  /** Resolved name of the queue that the job came from. */
  readonly queue: string;
  /** Which attempt this is, 1 for the first. A crash of the worker and a `RetryLater` do not raise it. */
  readonly attempt: number;
  /** How many attempts the job has in all. */
  readonly maxAttempts: number;
  /** When the job was first enqueued; retries keep it. */
  readonly enqueuedAt: Date;
  /**
   * Aborted when the attempt is over its timeout, when the broker has taken the job back (connection lost), and shortly
   * before a stopping worker's drain timeout. Pass it to whatever waits, and leave by throwing (`signal.throwIfAborted()`):
   * to return means that the work is done.
   */
  readonly signal: AbortSignal;
  /** JSON log, bound to the job's id, name and attempt. */
  readonly log: Logger;
}

/** A kind of work: its name, what its input looks like, and the code that does it. Made by {@link defineJob}. */
export interface Job<Name extends string = string, Input extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly input: Input;
  /** How long one attempt may take, in ms; undefined means as long as it likes. */
  readonly timeoutMs: number | undefined;
  run(input: z.output<Input>, job: JobContext): unknown;
}

export interface JobOptions<Name extends string, Input extends z.ZodType> {
  /** What producers call it: letters, digits, `-` and `_`, at most 100 characters. */
  name: Name;
  /** Checked when the job is enqueued and again before it is run. What does not fit is dead-lettered, not retried. */
  input: Input;
  /** How long one attempt may take: `30s`, `2m`, `1h30m`. Default: no limit. */
  timeout?: string;
  /** Does the work. To return (whatever it returns) means done; to throw means failed: retried, then dead-lettered. */
  run(input: z.output<Input>, job: JobContext): unknown;
}

// No dots: the name is also a word of the routing key.
const jobName = /^[A-Za-z0-9_-]{1,100}$/;

/**
 * Defines a job.
 *
 * @throws DefinitionError naming the field, what was found and what was expected.
 */
export function defineJob<const Name extends string, Input extends z.ZodType>(
  options: JobOptions<Name, Input>,
): Job<Name, Input> {
  const { name, input, timeout, run } = options;
  if (typeof name !== "string" || !jobName.test(name)) {
    throw new DefinitionError(
      `defineJob: name ${JSON.stringify(name)} is not a job's name: expected 1 to 100 letters, digits, "-" or "_"`,
    );
  }
  if (typeof input?.safeParseAsync !== "function") {
    throw new DefinitionError(
      `defineJob "${name}": input is not a zod schema: expected something like z.object({ … })`,
    );
  }
  if (typeof run !== "function") {
    throw new DefinitionError(`defineJob "${name}": run is ${typeof run}: expected a function (input, job) => …`);
  }
  const timeoutMs = timeout === undefined ? undefined : durationMs(`defineJob "${name}": timeout`, timeout);
  return { name, input, timeoutMs, run: run.bind(options) };
}
