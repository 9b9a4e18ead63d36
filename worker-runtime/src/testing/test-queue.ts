import { type Logger, pino } from "pino";
import type { z } from "zod";
import {
  defaultRetryPolicy,
  type Lane,
  type OutcomeEvent,
  parseDuration,
  type RetryPolicy,
} from "../contract/index.ts";
import { DefinitionError } from "../errors.ts";
import { type Job, requireJob } from "../job.ts";
import { type PlacementOptions, placeJob } from "../message/enqueue-options.ts";
import { createInputCodec } from "../message/input-codec.ts";
import { jobToSend } from "../message/job-to-send.ts";
import type { JsonSchemas } from "../message/json-schema.ts";
import { defineWorker } from "../worker-definition.ts";
import { controlledClock } from "./controlled-clock.ts";
import { drainWorker } from "./drain-worker.ts";
import { memoryBroker } from "./memory-broker.ts";
import type { MemoryQueue, StoredMessage } from "./memory-queue.ts";
import { memoryWorker } from "./memory-worker.ts";
import { noMetrics } from "./no-metrics.ts";
import { type OpenJob, openJobs } from "./open-jobs.ts";
import { createPatience } from "./patience.ts";
import { type DeadJob, deadJob, eventOf, jsonOf } from "./told.ts";

export interface TestQueueOptions {
  /** What the worker can do. */
  readonly jobs: readonly Job[];
  /** As the JobQueue's `spec.retry`, in ms. What is left out is its default; without jitter, so that times are exact. */
  readonly retry?: Partial<RetryPolicy>;
  readonly lanes?: readonly Lane[];
  /** Jobs run at once. Default 1. */
  readonly concurrency?: number;
  /** How often a job may come back from a worker without an outcome. Default 20, as in a JobQueue. */
  readonly deliveryLimit?: number;
  /** JSON Schema of the input by job name, as in the JobQueue. */
  readonly schemas?: JsonSchemas;
  readonly maxMessageBytes?: number;
  /** As the JobQueue's `limits.maxLength`: so many jobs may wait in the work queue, and in each lane. */
  readonly maxLength?: number;
  /** Resolved name of the queue. Default `test.queue`. */
  readonly name?: string;
  /** What the clock says at first. Default: the real time. */
  readonly startAt?: Date;
  /** Randomness of the jitter, over [0, 1). Default: always 0.5, which is none. */
  readonly random?: () => number;
  /**
   * For how long, in real ms, a handler may do nothing that the queue sees before it counts as one that waits for time to
   * pass. Default 1,000. Raise it where handlers wait long for something real, such as a database.
   */
  readonly patienceMs?: number;
  /** Default: none. */
  readonly log?: Logger;
}

/** A queue, its worker and its broker, in memory, with a clock that the test turns. */
export interface TestQueue {
  /** What the clock says. */
  readonly now: Date;
  /** Jobs that are not at an end: running ones, then waiting ones in their order, then delayed ones. */
  readonly jobs: readonly OpenJob[];
  /** Events of what became of jobs, in order: everything that a queue with `outcomes: All` publishes. */
  readonly events: readonly OutcomeEvent[];
  /** The events of jobs that were done. */
  readonly done: readonly OutcomeEvent[];
  /** The dead-letter queue. */
  readonly dead: readonly DeadJob[];
  /** Events for those who asked with `replyTo`. */
  readonly replies: readonly { readonly replyTo: string; readonly event: OutcomeEvent }[];
  /** Jobs that handlers enqueued to other queues. */
  readonly elsewhere: readonly { readonly exchange: string; readonly name: string; readonly input: unknown }[];
  /** As a producer does. Resolves to the id. @throws as `producer.enqueue`. */
  enqueue<Input extends z.ZodType>(
    job: Pick<Job<string, Input>, "name" | "input">,
    input: z.input<Input>,
    options?: PlacementOptions,
  ): Promise<string>;
  /** As a client of another make might: nothing is checked. A Buffer is sent as it is, anything else as JSON. */
  publish(
    routingKey: string,
    body: unknown,
    properties?: { messageId?: string; type?: string; headers?: Record<string, unknown> },
  ): void;
  /** Runs what can be run while no time passes. Handlers that wait for time to pass go on running. */
  runUntilIdle(): Promise<void>;
  /** Lets time pass, such as `5m`, with all that happens meanwhile, in order, without waiting for it. */
  advance(duration: string): Promise<void>;
  /** Waits so long by the queue's clock: for handlers under test that need time. Rejects with the signal's reason. */
  sleep(duration: string, signal?: AbortSignal): Promise<void>;
  /** The worker's process dies; another takes its place. What ran is delivered again, and no attempt is counted. */
  crash(): void;
  /**
   * The worker stops, as on SIGTERM: takes no more, lets what runs end, aborts it shortly before `timeout` is over (time
   * passes until then), and gives back what is not done. `start` brings another.
   */
  drain(timeout?: string): Promise<void>;
  /** Another worker takes jobs, after `drain`. */
  start(): void;
}

/**
 * Makes a queue in memory. Everything but the broker is what runs in production: outcomes, retries, dead letters, lanes,
 * events and checks are the runtime's own code.
 *
 * @throws DefinitionError when an option is wrong.
 */
export function createTestQueue(options: TestQueueOptions): TestQueue {
  const { name: queue = "test.queue", lanes = [], concurrency = 1, deliveryLimit = 20, random = () => 0.5 } = options;
  const { jobs } = defineWorker({ jobs: options.jobs });
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new DefinitionError(`createTestQueue: concurrency is ${concurrency}: expected a whole number, at least 1`);
  }
  const retry = { ...defaultRetryPolicy, jitterPercent: 0, ...options.retry };
  const content = { schemas: options.schemas, maxMessageBytes: options.maxMessageBytes };
  const log = options.log ?? pino({ level: "silent" });
  const clock = controlledClock((options.startAt ?? new Date()).getTime());
  const codec = createInputCodec({ ...content, queue });
  const patience = createPatience(options.patienceMs ?? 1_000);
  const broker = memoryBroker({
    queue,
    lanes: lanes.map(({ name }) => name),
    maxLength: options.maxLength,
    clock,
    onReady: onChange,
  });
  let sleeping = 0;
  let filling = false;
  let worker: ReturnType<typeof newWorker> | undefined;

  function newWorker() {
    return memoryWorker({
      jobs,
      queue,
      lanes,
      concurrency,
      retry,
      content,
      broker,
      clock,
      metrics: noMetrics,
      log,
      random,
      returned,
      onChange,
    });
  }

  function returned(message: StoredMessage, from: MemoryQueue): void {
    message.returns += 1;
    if (message.returns > deliveryLimit) broker.bury(message);
    else from.putBack(message);
  }

  function onChange(): void {
    patience.renew();
    if (filling) return;
    filling = true;
    // Not at once: whoever changes something may not be done with it.
    queueMicrotask(() => {
      filling = false;
      worker?.fill();
    });
  }

  /** Nothing more happens unless time passes. */
  function atRest(): boolean {
    const running = worker?.running ?? 0;
    const takes = worker !== undefined && running < concurrency;
    if (takes && broker.queues.some(({ ready }) => ready.length > 0)) return false;
    return running <= sleeping;
  }

  async function advanceTo(ms: number): Promise<void> {
    await patience.until(atRest);
    while (clock.fireNext(ms)) {
      onChange();
      await patience.until(atRest);
    }
    clock.turnTo(ms);
  }

  const test: TestQueue = {
    get now() {
      return new Date(clock.now());
    },
    get jobs() {
      return openJobs(queue, broker, worker?.unsettled ?? [], clock.now());
    },
    get events() {
      return broker.outcomes.map(eventOf);
    },
    get done() {
      return test.events.filter(({ outcome }) => outcome === "done");
    },
    get dead() {
      return broker.dead.map((message) => deadJob(message, clock.now()));
    },
    get replies() {
      return broker.replies.map((message) => ({ replyTo: message.routingKey, event: eventOf(message) }));
    },
    get elsewhere() {
      return broker.elsewhere.map(({ exchange, content: body, properties }) => ({
        exchange,
        name: properties.type ?? "",
        input: jsonOf(body),
      }));
    },
    async enqueue(job, input, placement = {}) {
      requireJob("enqueue", job);
      const nowMs = clock.now();
      const placed = placeJob(`enqueue "${job.name}"`, placement, nowMs);
      const body = await codec.seal(job, placed.id, input);
      broker.publish(jobToSend(job.name, queue, placed, body, nowMs));
      return placed.id;
    },
    publish(routingKey, body, properties = {}) {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      broker.publish({ exchange: queue, routingKey, content: bytes, properties });
    },
    runUntilIdle: () => patience.until(atRest),
    advance: (duration) => advanceTo(clock.now() + parseDuration(duration)),
    async sleep(duration, signal) {
      signal?.throwIfAborted();
      sleeping += 1;
      try {
        await new Promise<void>((resolve, reject) => {
          const cancel = clock.after(parseDuration(duration), () => {
            signal?.removeEventListener("abort", onAbort);
            resolve();
          });
          const onAbort = () => {
            cancel();
            reject(signal?.reason);
          };
          signal?.addEventListener("abort", onAbort, { once: true });
        });
      } finally {
        sleeping -= 1;
        onChange();
      }
    },
    crash() {
      worker?.crash();
      worker = newWorker();
      onChange();
    },
    async drain(timeout = "5m") {
      const stopping = worker;
      if (stopping === undefined) return;
      await drainWorker(stopping, parseDuration(timeout), { clock, patience, atRest });
      worker = undefined;
    },
    start() {
      worker ??= newWorker();
      onChange();
    },
  };
  test.start();
  return test;
}
