import type { Logger } from "pino";
import { type Clock, sleep } from "../clock.ts";
import { laneQueue, type OutcomesPolicy, type RetryPolicy } from "../contract/index.ts";
import { asError, InvalidInput, InvalidOutput, JobExpired, UnknownJob } from "../errors.ts";
import type { Job } from "../job.ts";
import { createInputCodec, defaultMaxMessageBytes, type InputRules, type SealedInput } from "../message/input-codec.ts";
import { type JobMessage, type OutgoingMessage, readJobMessage } from "../message/message.ts";
import type { OutcomeLabel, WorkerMetrics } from "../telemetry/metrics.ts";
import { createAnnouncer } from "./announcer.ts";
import { createChildren } from "./children.ts";
import { deadLetter } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";
import { execute } from "./execution.ts";
import { decideOutcome, type Ending, type Outcome } from "./outcome.ts";
import { eventError } from "./outcome-events.ts";
import { checkOutput } from "./output.ts";
import { retryCopy } from "./retry-copy.ts";
import { RunContext, type RunSurroundings } from "./run-context.ts";
import { type OutcomePublisher, settleWith } from "./settle.ts";
import type { Tally } from "./tally.ts";

/** Takes a delivery from its arrival to its outcome. */
export interface Runner {
  /** Starts the job of a delivery; the delivery is released in the end. Never throws. */
  start(delivery: Delivery): void;
  /** Deliveries not yet released. */
  readonly running: number;
}

export interface RunnerOptions {
  readonly jobs: readonly Job[];
  readonly queue: string;
  /** What dead letters call this worker. */
  readonly worker: string;
  readonly retry: RetryPolicy;
  readonly outcomes: OutcomesPolicy;
  /** What bodies keep to. */
  readonly content: Omit<InputRules, "queue">;
  readonly publisher: OutcomePublisher;
  readonly tally: Tally;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly clock: Clock;
  /** Aborted with DrainDeadline shortly before a stopping worker ends. */
  readonly drainDeadline: AbortSignal;
  /** Evenly spread over [0, 1), for the jitter of retries. */
  random(): number;
  /** The last running job has ended. */
  onIdle(): void;
}

const tallied = { done: "completed", retried: "retried", failed: "failed", handed_back: "none", lost: "none" } as const;

export function createRunner(options: RunnerOptions): Runner {
  const { queue, retry, publisher, tally, metrics, clock, drainDeadline } = options;
  const { keyring, maxMessageBytes = defaultMaxMessageBytes } = options.content;
  const jobs = new Map(options.jobs.map((job) => [job.name, job]));
  const codec = createInputCodec({ ...options.content, queue });
  const announcer = createAnnouncer({ ...options, keyring });
  let running = 0;

  // Children of other queues are plain: this worker's keyring is its own queue's.
  const codecOf = (other: string) => (other === queue ? codec : createInputCodec({ queue: other, maxMessageBytes }));
  const surroundings: RunSurroundings = {
    queue,
    maxAttempts: retry.maxAttempts,
    log: ({ name, id, attempt }) => options.log.child({ job: name, id, attempt }),
    children: ({ id }) => createChildren({ id, queue }, codecOf, clock),
    progress: announcer.progress,
  };

  async function run(delivery: Delivery): Promise<void> {
    const nowMs = clock.now();
    const message = readJobMessage(delivery.message, nowMs);
    const job = jobs.get(message.name);
    const context = new RunContext(message, delivery, drainDeadline, clock, surroundings);
    // Names come from outside; only the worker's own may become label values.
    const label = job?.name ?? "(unknown)";
    const waitMs = Math.max(0, nowMs - message.dueAtMs);
    const beganMs = clock.monotonic();
    const end = tally.start(waitMs, beganMs);
    metrics.began(label, waitMs / 1000);
    let ended: OutcomeLabel = "lost";
    try {
      const outcome = job === undefined ? unknownJob(message) : await work(job, message, context);
      ended = await settle(outcome, message, delivery, context);
    } catch (error) {
      // Nothing above should throw; if it does, the job must be neither stuck nor go round and round.
      context.log.error({ err: error }, "the runner failed; the job is handed back");
      await sleep(clock, 1_000, delivery.lost);
      if (delivery.handBack()) ended = "handed_back";
    } finally {
      const endedMs = clock.monotonic();
      end(tallied[ended], endedMs);
      metrics.ended(label, ended, (endedMs - beganMs) / 1000);
      if (ended === "lost") context.log.warn("the delivery was lost: the broker delivers the job again");
      running -= 1;
      delivery.release();
      if (running === 0) options.onIdle();
    }
  }

  async function work(job: Job, message: JobMessage, context: RunContext): Promise<Outcome> {
    const { expiresAtMs, attempt } = message;
    if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) return expired(expiresAtMs);
    const opening = codec.open(job, message);
    const opened = opening instanceof Promise ? await opening : opening;
    if (!opened.ok) return { type: "DeadLetter", reason: opened.reason, error: opened.error };
    const ending = await execute(job, opened.input, context, clock);
    // What nobody promised and nobody hears of needs no look.
    const looked =
      job.output === undefined && !announcer.heard("done", message) ? ending : await withOutput(job, ending);
    return decideOutcome(looked, attempt, retry, options.random());
  }

  function unknownJob({ name }: JobMessage): Outcome {
    const error = new UnknownJob(`this worker has no job named "${name}": it has ${[...jobs.keys()].join(", ")}`);
    return { type: "DeadLetter", reason: "UnknownJob", error };
  }

  async function withOutput(job: Job, ending: Ending): Promise<Ending> {
    if (ending.type !== "Returned") return ending;
    const checked = await checkOutput(job, ending.output, maxMessageBytes);
    if (checked.ok) return { ...ending, output: checked.json };
    return { type: "Threw", error: new InvalidOutput(checked.problem) };
  }

  async function settle(
    outcome: Outcome,
    message: JobMessage,
    delivery: Delivery,
    context: RunContext,
  ): Promise<OutcomeLabel> {
    switch (outcome.type) {
      case "HandBack":
        return delivery.handBack() ? "handed_back" : "lost";
      case "Done": {
        const { children, output } = outcome;
        if (!announcer.heard("done", message)) {
          // Most jobs end here: nothing to be made safe.
          if (children.length === 0) return delivery.ack() ? "done" : "lost";
          return await settled("done", children, delivery, context);
        }
        const told = output === undefined ? {} : { output };
        const events = await announcer.events(message, { outcome: "done", ...told });
        return await settled("done", [...children, ...events], delivery, context);
      }
      case "Retry":
        return await settleRetry(outcome, message, delivery, context);
      case "DeadLetter": {
        if (!delivery.open) return "lost";
        const { reason, error } = outcome;
        context.log.error({ err: error, reason }, "dead-lettered");
        const letter = deadLetter(message, outcome, { queue, worker: options.worker, nowMs: clock.now() });
        const events = await announcer.events(message, { outcome: "failed", error: eventError(error, reason) });
        return await settled("failed", [letter, ...events], delivery, context);
      }
    }
  }

  async function settleRetry(
    retrying: Extract<Outcome, { type: "Retry" }>,
    message: JobMessage,
    delivery: Delivery,
    context: RunContext,
  ): Promise<OutcomeLabel> {
    if (!delivery.open) return "lost";
    let body: SealedInput | undefined;
    const job = jobs.get(message.name);
    if (retrying.input !== undefined && job !== undefined) {
      try {
        body = await codec.seal(job, message.id, retrying.input);
      } catch (error) {
        // It would be dead-lettered after its wait, far from the code that is at fault.
        const wrong = new InvalidInput(`RetryLater: ${asError(error).message}`);
        const failed = decideOutcome({ type: "Threw", error: wrong }, message.attempt, retry, options.random());
        return await settle(failed, message, delivery, context);
      }
    }
    const { error, delayMs } = retrying;
    context.log.warn({ err: error, delayMs }, "to be tried again");
    const target = delivery.lane === undefined ? queue : laneQueue(queue, delivery.lane);
    const copy = retryCopy(message, retrying, body, target, clock.now());
    const events = await announcer.events(message, { outcome: "retried", error: eventError(error) });
    return await settled("retried", [copy, ...events], delivery, context);
  }

  async function settled(
    label: OutcomeLabel,
    messages: readonly OutgoingMessage[],
    delivery: Delivery,
    context: RunContext,
  ): Promise<OutcomeLabel> {
    if (await settleWith(delivery, messages, publisher, clock, () => context.log)) return label;
    return delivery.lost.aborted ? "lost" : "handed_back";
  }

  return {
    get running() {
      return running;
    },
    start(delivery) {
      running += 1;
      void run(delivery);
    },
  };
}

function expired(expiresAtMs: number): Outcome {
  const error = new JobExpired(`the job was to be started before ${new Date(expiresAtMs).toISOString()}`);
  return { type: "DeadLetter", reason: "Expired", error };
}
