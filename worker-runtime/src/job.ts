import type { Logger } from "pino";
import type { z } from "zod";
import { durationMs } from "./configured-duration.ts";
import { DefinitionError, InvalidOptions } from "./errors.ts";
import type { PlacementOptions } from "./message/enqueue-options.ts";
import { shown } from "./shown.ts";

/** Options of `job.enqueue`: those of a producer, except that the id is given. */
export interface ChildOptions extends Omit<PlacementOptions, "id"> {
  /** Resolved name of another queue, `<namespace>.<name>`, that the WorkerPool names in `publishTo`. Default: the job's own. */
  readonly queue?: string;
}

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
  /** The lane that it came by; undefined for jobs without one. */
  readonly lane: string | undefined;
  /** The producer's own name for the work, such as an order's number; undefined if it gave none. */
  readonly key: string | undefined;
  /**
   * Tells whoever follows the job how far it is, at most once a second: what comes faster replaces what waits. Best
   * effort, and nobody is told unless the queue's `outcomes` are `All` or the producer asked for a reply. Counts as a
   * heartbeat.
   *
   * @param fraction from 0 to 1.
   * @param note of which at most 2 KiB are told.
   * @throws RangeError when `fraction` is not.
   */
  progress(fraction: number, note?: string): void;
  /**
   * Enqueues another job if, and only if, this attempt succeeds: sent and confirmed after the handler has returned and
   * before this job is acked. Ids are derived from this job's id, so a job that is repeated enqueues the same ids again.
   *
   * @returns the id that the job will have. Rejects with InvalidInput; not to await it fails the attempt all the same.
   */
  enqueue<Input extends z.ZodType>(
    job: Pick<Job<string, Input>, "name" | "input">,
    input: z.input<Input>,
    options?: ChildOptions,
  ): Promise<string>;
  /** Says that the handler is alive: needed by jobs with a `heartbeatTimeout` only. */
  heartbeat(): void;
}

/** A kind of work: its name, what its input looks like, and the code that does it. Made by {@link defineJob}. */
export interface Job<
  Name extends string = string,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  readonly name: Name;
  readonly input: Input;
  /** What a successful run returns; undefined means whatever it likes. */
  readonly output: Output | undefined;
  /** How long one attempt may take, in ms; undefined means as long as it likes. */
  readonly timeoutMs: number | undefined;
  /** How long an attempt may go without a sign of life, in ms; undefined means as long as it likes. */
  readonly heartbeatTimeoutMs: number | undefined;
  /** Whether the handler runs in a worker thread. */
  readonly isolate: boolean;
  readonly rateLimit: JobRateLimit<Input> | undefined;
  run(input: z.output<Input>, job: JobContext): z.input<Output> | Promise<z.input<Output>>;
}

/** How often a job may start, in one worker. */
export interface JobRateLimit<Input extends z.ZodType = z.ZodType> {
  readonly jobs: number;
  readonly perMs: number;
  /** What is limited each by itself, such as a tenant; without it, all together. */
  key?(input: z.output<Input>): string;
}

export interface JobOptions<Name extends string, Input extends z.ZodType, Output extends z.ZodType = z.ZodType> {
  /** What producers call it: letters, digits, `-` and `_`, at most 100 characters. */
  name: Name;
  /** Checked when the job is enqueued and again before it is run. What does not fit is dead-lettered, not retried. */
  input: Input;
  /** What the handler returns: checked, since others rely on it. What does not fit, or is not JSON, is a failure. */
  output?: Output | undefined;
  /** How long one attempt may take: `30s`, `2m`, `1h30m`. Default: no limit. */
  timeout?: string;
  /**
   * How long an attempt may go without calling `job.heartbeat()` or `job.progress()` before it is aborted and counted as
   * failed. For jobs of which nobody knows how long they take. Default: no limit.
   */
  heartbeatTimeout?: string;
  /** Runs the handler in a worker thread, so that one which computes for long holds up nothing else. Default: false. */
  isolate?: boolean;
  /** How often it may start in one worker, for each `key(input)` by itself if given. Default: no limit. */
  rateLimit?: { jobs: number; per: string; key?: (input: z.output<Input>) => string };
  /** Does the work. To return means done; to throw means failed: retried, then dead-lettered. */
  run(input: z.output<Input>, job: JobContext): z.input<Output> | Promise<z.input<Output>>;
}

// No dots: the name is also a word of the routing key.
const jobName = /^[A-Za-z0-9_-]{1,100}$/;

/**
 * Defines a job.
 *
 * @throws DefinitionError naming the field, what was found and what was expected.
 */
export function defineJob<const Name extends string, Input extends z.ZodType, Output extends z.ZodType = z.ZodType>(
  options: JobOptions<Name, Input, Output>,
): Job<Name, Input, Output> {
  const { name, input, output, timeout, heartbeatTimeout, isolate = false, rateLimit, run } = options;
  if (typeof name !== "string" || !jobName.test(name)) {
    throw new DefinitionError(
      `defineJob: name ${shown(name)} is not a job's name: expected 1 to 100 letters, digits, "-" or "_"`,
    );
  }
  const where = `defineJob "${name}"`;
  requireSchema(`${where}: input`, input);
  if (output !== undefined) requireSchema(`${where}: output`, output);
  if (typeof isolate !== "boolean") {
    throw new DefinitionError(`${where}: isolate is ${shown(isolate)}: expected true or false`);
  }
  if (typeof run !== "function") {
    throw new DefinitionError(`${where}: run is ${typeof run}: expected a function (input, job) => …`);
  }
  return {
    name,
    input,
    output,
    timeoutMs: timeout === undefined ? undefined : durationMs(`${where}: timeout`, timeout),
    heartbeatTimeoutMs:
      heartbeatTimeout === undefined ? undefined : durationMs(`${where}: heartbeatTimeout`, heartbeatTimeout),
    isolate,
    rateLimit: rateLimit === undefined ? undefined : parseRateLimit(`${where}: rateLimit`, rateLimit),
    run: run.bind(options),
  };
}

/**
 * Callers in JavaScript, and those who come from elsewhere, give a job's name.
 *
 * @param where what the message begins with, for example `enqueue`.
 * @throws InvalidOptions
 */
export function requireJob(where: string, job: Pick<Job, "name" | "input">): void {
  if (typeof job?.name === "string" && typeof job.input?.safeParseAsync === "function") return;
  throw new InvalidOptions(`${where}: the job is ${shown(job)}: expected what defineJob returned`);
}

function requireSchema(where: string, schema: z.ZodType): void {
  if (typeof schema?.safeParseAsync === "function") return;
  throw new DefinitionError(`${where} is not a zod schema: expected something like z.object({ … })`);
}

function parseRateLimit<Input extends z.ZodType>(
  where: string,
  limit: NonNullable<JobOptions<string, Input>["rateLimit"]>,
): JobRateLimit<Input> {
  if (typeof limit !== "object" || limit === null) {
    throw new DefinitionError(`${where} is ${shown(limit)}: expected something like { jobs: 10, per: "1s" }`);
  }
  const { jobs, per, key } = limit;
  if (!Number.isInteger(jobs) || jobs < 1) {
    throw new DefinitionError(`${where}: jobs is ${shown(jobs)}: expected a whole number, at least 1`);
  }
  if (key !== undefined && typeof key !== "function") {
    throw new DefinitionError(`${where}: key is ${typeof key}: expected a function (input) => string`);
  }
  return { jobs, perMs: durationMs(`${where}: per`, per), ...(key === undefined ? {} : { key }) };
}
