import type { Logger } from "pino";
import { type Clock, sleep } from "../clock.ts";
import { type EventBinding, eventNaming, type OutcomesPolicy, type RetryPolicy } from "../contract/index.ts";
import { InvalidOutput, JobExpired, UnknownJob } from "../errors.ts";
import type { Job } from "../job.ts";
import { createInputCodec, defaultMaxMessageBytes, type InputRules } from "../message/input-codec.ts";
import { type JobMessage, readJobMessage } from "../message/message.ts";
import type { OutcomeLabel, WorkerMetrics } from "../telemetry/metrics.ts";
import { startProcess } from "../telemetry/tracing.ts";
import { createAdmission } from "./admission.ts";
import { createAnnouncer } from "./announcer.ts";
import { createChildren } from "./children.ts";
import type { Delivery } from "./delivery.ts";
import { execute } from "./execution.ts";
import { isRetryLater } from "./handler-outcome.ts";
import { decideOutcome, type Ending, type Outcome } from "./outcome.ts";
import { maxOutputBytes } from "./outcome-events.ts";
import { checkOutput } from "./output.ts";
import { RunContext, type RunSurroundings } from "./run-context.ts";
import type { OutcomePublisher } from "./settle.ts";
import { createSettlement } from "./settlement.ts";
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
  /** How messages from other exchanges are named. */
  readonly bindings?: readonly EventBinding[] | undefined;
  /** What bodies keep to. */
  readonly content: Omit<InputRules, "queue">;
  readonly publisher: OutcomePublisher;
  readonly tally: Tally;
  readonly metrics: Pick<WorkerMetrics, "began" | "ended" | "deferred">;
  readonly log: Logger;
  readonly clock: Clock;
  /** Aborted with DrainDeadline shortly before a stopping worker ends. */
  readonly drainDeadline: AbortSignal;
  /** Evenly spread over [0, 1), for the jitter of retries. */
  random(): number;
  /** The last running job has ended. */
  onIdle(): void;
  /** A run ended so, before its delivery is released. Not told of runs whose delivery was lost. */
  onOutcome?(outcome: Outcome): void;
}

const tallied = {
  done: "completed",
  retried: "retried",
  postponed: "retried",
  failed: "failed",
  handed_back: "none",
  lost: "none",
} as const;

export function createRunner(options: RunnerOptions): Runner {
  const { queue, retry, tally, metrics, clock, drainDeadline } = options;
  const { keyring, maxMessageBytes = defaultMaxMessageBytes } = options.content;
  const jobs = new Map(options.jobs.map((job) => [job.name, job]));
  const codec = createInputCodec({ ...options.content, queue });
  const eventJob = eventNaming(queue, options.bindings ?? []);
  const announcer = createAnnouncer({ ...options, keyring });
  const settlement = createSettlement({ ...options, codec, announcer });
  const admission = createAdmission({ ...options, codec });
  let running = 0;

  // Children of other queues are plain: this worker's keyring is its own queue's.
  const codecOf = (other: string) => (other === queue ? codec : createInputCodec({ queue: other, maxMessageBytes }));
  const surroundings: RunSurroundings = {
    queue,
    maxAttempts: retry.maxAttempts,
    log: ({ name, id, attempt }, trace) => options.log.child({ job: name, id, attempt, ...trace }),
    children: ({ id }) => createChildren({ id, queue }, codecOf, clock),
    progress: announcer.progress,
  };

  async function run(delivery: Delivery): Promise<void> {
    const nowMs = clock.now();
    const message = readJobMessage(delivery.message, nowMs, eventJob);
    const job = jobs.get(message.name);
    if (job?.rateLimit !== undefined && (await isHeldUp(job, message, delivery))) return;
    const context = new RunContext(message, delivery, drainDeadline, clock, surroundings);
    // Names come from outside; only the worker's own may become label values.
    const label = job?.name ?? "(unknown)";
    const waitMs = Math.max(0, nowMs - message.dueAtMs);
    const beganMs = clock.monotonic();
    const end = tally.start(waitMs, beganMs, message.attempt);
    metrics.began(label, waitMs / 1000);
    const span = startProcess(message, queue);
    context.trace = span.ids;
    let ended: OutcomeLabel = "lost";
    let failure: unknown;
    try {
      const outcome =
        job === undefined ? unknownJob(message) : await span.within(() => work(job, message, delivery, context));
      failure = failureOf(outcome);
      report(outcome, delivery);
      // Most jobs end here: nothing to be made safe.
      if (outcome.type === "Done" && outcome.children.length === 0 && !announcer.heard("done", message)) {
        if (delivery.ack()) ended = "done";
      } else {
        ended = await settlement.settle(outcome, job, message, delivery, context);
      }
    } catch (error) {
      failure = error;
      if (await handBackAfter(error, delivery, context.ownLog)) ended = "handed_back";
    } finally {
      const endedMs = clock.monotonic();
      end(tallied[ended], endedMs);
      metrics.ended(label, ended, (endedMs - beganMs) / 1000);
      span.end(failure);
      if (ended === "lost") context.ownLog.warn("the delivery was lost: the broker delivers the job again");
      running -= 1;
      delivery.release();
      if (running === 0) options.onIdle();
    }
  }

  function report(outcome: Outcome, { open }: Delivery): void {
    // What is thrown because the delivery was lost says nothing of what jobs depend on.
    if (open) options.onOutcome?.(outcome);
  }

  /** Nothing of the runner's own should throw; if it does, the job must be neither stuck nor go round and round. */
  async function handBackAfter(error: unknown, delivery: Delivery, log: Logger): Promise<boolean> {
    log.error({ err: error }, "the runner failed; the job is handed back");
    await sleep(clock, 1_000, delivery.lost);
    return delivery.handBack();
  }

  /** Whether the job's own rate limit keeps it from starting now. */
  async function isHeldUp(job: Job, message: JobMessage, delivery: Delivery): Promise<boolean> {
    const admitted = await admission.admit(job, message, delivery).catch(async (error: unknown) => {
      await handBackAfter(error, delivery, surroundings.log(message, undefined));
      return "Failed" as const;
    });
    if (admitted === "Start") return false;
    running -= 1;
    if (admitted === "Deferred") metrics.deferred(job.name);
    if (admitted !== "Postponed") delivery.release(false);
    if (running === 0) options.onIdle();
    return true;
  }

  async function work(job: Job, message: JobMessage, delivery: Delivery, context: RunContext): Promise<Outcome> {
    const { expiresAtMs, attempt } = message;
    if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) return expired(expiresAtMs);
    const opening = codec.open(job, message);
    const opened = opening instanceof Promise ? await opening : opening;
    if (!opened.ok) return { type: "DeadLetter", reason: opened.reason, error: opened.error };
    // Lost while it was read, or waited for its rate limit: somebody else runs it.
    if (!delivery.open) return { type: "HandBack" };
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
    const checked = await checkOutput(job, ending.output, maxOutputBytes(maxMessageBytes));
    if (checked.ok) return { ...ending, output: checked.json };
    return { type: "Threw", error: new InvalidOutput(checked.problem) };
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

/** What a span tells as its error: to be tried again later because the handler says so is none. */
function failureOf(outcome: Outcome): unknown {
  if (outcome.type === "DeadLetter") return outcome.error;
  return outcome.type === "Retry" && !isRetryLater(outcome.error) ? outcome.error : undefined;
}

function expired(expiresAtMs: number): Outcome {
  const error = new JobExpired(`the job was to be started before ${new Date(expiresAtMs).toISOString()}`);
  return { type: "DeadLetter", reason: "Expired", error };
}
