import type { z } from "zod";
import { systemClock } from "../clock.ts";
import {
  type DeadLetterReason,
  defaultRetryPolicy,
  delayEntryExchange,
  header,
  queueNames,
  type RetryPolicy,
} from "../contract/index.ts";
import { DrainDeadline } from "../errors.ts";
import { type ChildOptions, type Job, requireJob } from "../job.ts";
import type { JsonSchemas } from "../message/json-schema.ts";
import { jobProperties, type OutgoingMessage } from "../message/message.ts";
import { uuidv7 } from "../message/uuid.ts";
import { createRunner } from "../run/runner.ts";
import { createTally } from "../run/tally.ts";
import { keepingLog, type LogLine } from "./log-lines.ts";
import { delaySeconds } from "./memory-broker.ts";
import { memoryDelivery } from "./memory-delivery.ts";
import { memoryQueue, type StoredMessage } from "./memory-queue.ts";
import { noMetrics } from "./no-metrics.ts";
import { eventOf, jsonOf } from "./told.ts";
import { watchedJob } from "./watched-job.ts";

export interface RunJobOptions {
  /** Which attempt it is. Default 1. */
  readonly attempt?: number;
  /** Default 3, as in a JobQueue. */
  readonly maxAttempts?: number;
  /** Default: a new UUID. */
  readonly id?: string;
  readonly key?: string;
  readonly lane?: string;
  /** Resolved name of the queue. Default `test.queue`. */
  readonly queue?: string;
  readonly enqueuedAt?: Date;
  /** Aborting it stops the worker: a handler that then returns has done its work, one that throws hands the job back. */
  readonly signal?: AbortSignal;
  /** JSON Schema of the input by job name, as in the JobQueue. */
  readonly schemas?: JsonSchemas;
}

/** A job that a handler enqueued. */
export interface EnqueuedJob {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly options: ChildOptions;
}

/** What became of one run. */
export interface JobRun<Output = unknown> {
  /** `done`; `retried` (it will run again); `failed` (dead-lettered); `handedBack` (the worker stops). */
  readonly outcome: "done" | "retried" | "failed" | "handedBack";
  /** What the handler returned, as others read it: JSON. */
  readonly output: Output | undefined;
  /** What the handler threw, itself; or why it was not run, or its output not taken. */
  readonly error: Error | undefined;
  /** Why it was dead-lettered. */
  readonly reason: DeadLetterReason | undefined;
  /** How long it waits for its retry, and with which input. */
  readonly retry: { readonly afterSeconds: number; readonly attempt: number; readonly input: unknown } | undefined;
  /** Jobs that are enqueued since this one was done, in order. */
  readonly enqueued: readonly EnqueuedJob[];
  /** Every call of `job.progress`. */
  readonly progress: readonly { readonly fraction: number; readonly note: string | undefined }[];
  readonly logs: readonly LogLine[];
}

/**
 * Runs a job's handler once, in real time, as a worker does: its input goes through JSON and the job's schema, its output
 * is checked, and what becomes of the job is decided by the runtime's own code. No broker is needed.
 */
export async function runJob<Name extends string, Input extends z.ZodType, Output extends z.ZodType>(
  job: Job<Name, Input, Output>,
  input: z.input<Input>,
  options: RunJobOptions = {},
): Promise<JobRun<z.input<Output>>> {
  requireJob("runJob", job);
  const { attempt = 1, maxAttempts = defaultRetryPolicy.maxAttempts, queue = "test.queue", signal } = options;
  const retry: RetryPolicy = { ...defaultRetryPolicy, maxAttempts, jitterPercent: 0 };
  const { job: toRun, watched } = watchedJob(job as unknown as Job);
  const { log, lines } = keepingLog();
  const sent: OutgoingMessage[] = [];
  const stop = new AbortController();
  const onAbort = () => stop.abort(new DrainDeadline());
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });

  let handedBack = false;
  const { promise: ended, resolve: released } = Promise.withResolvers<void>();
  const message = messageOf(job.name, input, { ...options, attempt });
  createRunner({
    jobs: [toRun],
    queue,
    worker: "test-worker",
    retry,
    outcomes: "All",
    content: { schemas: options.schemas },
    publisher: {
      async publish(outgoing, given) {
        given?.throwIfAborted();
        sent.push(outgoing);
      },
    },
    tally: createTally(),
    metrics: noMetrics,
    log,
    clock: systemClock,
    random: () => 0.5,
    drainDeadline: stop.signal,
    onIdle() {},
  }).start(
    memoryDelivery(memoryQueue(queue), options.lane, message, {
      acked() {},
      returned() {
        handedBack = true;
      },
      released,
    }),
  );
  await ended;
  signal?.removeEventListener("abort", onAbort);

  const names = queueNames(queue);
  const event = sent
    .filter(({ exchange }) => exchange === names.outcomeExchange)
    .map(eventOf)
    .at(-1);
  const copy = sent.find(
    (one) => one.exchange === delayEntryExchange && one.properties.messageId === message.properties.messageId,
  );
  const told =
    event?.error === undefined ? undefined : Object.assign(new Error(event.error.message), { name: event.error.name });
  const thrown = watched.thrown;
  return {
    outcome: handedBack || event === undefined || event.outcome === "progress" ? "handedBack" : event.outcome,
    output: event?.output as z.input<Output> | undefined,
    // The handler's own, unless something else was decisive, such as its timeout.
    error: thrown instanceof Error && (told === undefined || told.message === thrown.message) ? thrown : told,
    reason: event?.error?.reason as DeadLetterReason | undefined,
    retry: copy && retryOf(copy),
    enqueued: sent.flatMap(({ properties }) => {
      const id = String(properties.messageId);
      const child = watched.enqueued.get(id);
      return child === undefined ? [] : [{ id, ...child }];
    }),
    progress: watched.progress,
    logs: lines,
  };
}

function messageOf(name: string, input: unknown, options: RunJobOptions & { attempt: number }): StoredMessage {
  const { id = uuidv7(), attempt, key, enqueuedAt = new Date() } = options;
  const headers = key === undefined ? {} : { [header.key]: key };
  return {
    // What JSON has no word for is no body: it is dead-lettered.
    content: Buffer.from(JSON.stringify(input) ?? ""),
    fields: { routingKey: name },
    properties: jobProperties({ id, name, attempt, enqueuedAtMs: enqueuedAt.getTime() }, {}, headers),
    returns: 0,
  };
}

function retryOf({ routingKey, content, properties }: OutgoingMessage): JobRun["retry"] {
  return {
    afterSeconds: delaySeconds(routingKey),
    attempt: Number(properties.headers?.[header.attempt]),
    input: jsonOf(content),
  };
}
