import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Publisher } from "../broker/publisher.ts";
import type { Delivery } from "../consume/delivery.ts";
import type { RetryPolicy } from "../contract/index.ts";
import { InvalidInput, UnknownJob } from "../errors.ts";
import type { Job } from "../job.ts";
import { parseInput, writeInput } from "../message/input.ts";
import { type JobMessage, readJobMessage } from "../message/message.ts";
import type { OutcomeLabel, WorkerMetrics } from "../telemetry/metrics.ts";
import { deadLetter } from "./dead-letter.ts";
import { execute } from "./execution.ts";
import { decideOutcome, type Outcome } from "./outcome.ts";
import { retryCopy } from "./retry-copy.ts";
import { settleWithCopy } from "./settle.ts";
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
  readonly publisher: Publisher;
  readonly tally: Tally;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  /** Aborted with DrainDeadline shortly before a stopping worker ends. */
  readonly drainDeadline: AbortSignal;
  /** The last running job has ended. */
  onIdle(): void;
}

const tallied = { done: "completed", retried: "retried", failed: "failed", handed_back: "none", lost: "none" } as const;

export function createRunner(options: RunnerOptions): Runner {
  const { queue, retry, publisher, tally, metrics, drainDeadline } = options;
  const jobs = new Map(options.jobs.map((job) => [job.name, job]));
  let running = 0;

  async function run(delivery: Delivery): Promise<void> {
    const message = readJobMessage(delivery.message, Date.now());
    const job = jobs.get(message.name);
    const log = options.log.child({ job: message.name, id: message.id, attempt: message.attempt });
    // Names come from outside; only the worker's own may become label values.
    const label = job?.name ?? "(unknown)";
    const waitMs = Math.max(0, Date.now() - message.dueAtMs);
    const beganMs = performance.now();
    const end = tally.start(waitMs, beganMs);
    metrics.began(label, waitMs / 1000);
    let ended: OutcomeLabel = "lost";
    try {
      const outcome = await work(job, message, delivery, log);
      ended = await settle(outcome, message, delivery, log);
    } finally {
      const endedMs = performance.now();
      end(tallied[ended], endedMs);
      metrics.ended(label, ended, (endedMs - beganMs) / 1000);
      if (ended === "lost") log.warn("the delivery was lost: the broker delivers the job again");
    }
  }

  async function work(job: Job | undefined, message: JobMessage, delivery: Delivery, log: Logger): Promise<Outcome> {
    const { id, name, attempt } = message;
    if (job === undefined) {
      const error = new UnknownJob(`this worker has no job named "${name}": it has ${[...jobs.keys()].join(", ")}`);
      return { type: "DeadLetter", reason: "UnknownJob", error };
    }
    const parsed = await parseInput(job, message.content);
    if (!parsed.ok) return { type: "DeadLetter", reason: "InvalidInput", error: new InvalidInput(parsed.problem) };
    const ending = await execute(
      job,
      parsed.input,
      { id, name, queue, attempt, maxAttempts: retry.maxAttempts, enqueuedAt: new Date(message.enqueuedAtMs), log },
      [delivery.lost, drainDeadline],
    );
    const outcome = decideOutcome(ending, attempt, retry, Math.random());
    return await refuseWrongInput(job, outcome, attempt);
  }

  // A RetryLater whose new input does not fit would be dead-lettered after its wait, far from the code that is at fault.
  async function refuseWrongInput(job: Job, outcome: Outcome, attempt: number): Promise<Outcome> {
    if (outcome.type !== "Retry" || outcome.input === undefined) return outcome;
    const written = await writeInput(job, outcome.input);
    if (written.ok) return outcome;
    const error = new InvalidInput(`RetryLater: ${written.problem}`);
    return decideOutcome({ type: "Threw", error }, attempt, retry, Math.random());
  }

  async function settle(outcome: Outcome, message: JobMessage, delivery: Delivery, log: Logger): Promise<OutcomeLabel> {
    const nowMs = Date.now();
    switch (outcome.type) {
      case "Done":
        return delivery.ack() ? "done" : "lost";
      case "HandBack":
        return delivery.handBack() ? "handed_back" : "lost";
      case "Retry": {
        if (!delivery.open) return "lost";
        log.warn({ err: outcome.error, delayMs: outcome.delayMs }, "to be tried again");
        const copy = retryCopy(message, outcome, queue, nowMs);
        return unsettled(delivery, await settleWithCopy(delivery, copy, publisher, log)) ?? "retried";
      }
      case "DeadLetter": {
        if (!delivery.open) return "lost";
        log.error({ err: outcome.error, reason: outcome.reason }, "dead-lettered");
        const copy = deadLetter(message, outcome, { queue, worker: options.worker, nowMs });
        return unsettled(delivery, await settleWithCopy(delivery, copy, publisher, log)) ?? "failed";
      }
    }
  }

  return {
    get running() {
      return running;
    },
    start(delivery) {
      running += 1;
      run(delivery)
        .catch(async (error: unknown) => {
          // Nothing above should throw; if it does, the job must be neither stuck nor go round and round.
          options.log.error({ err: error }, "the runner failed; the job is handed back");
          await sleep(1_000, undefined, { signal: delivery.lost }).catch(() => {});
          delivery.handBack();
        })
        .finally(() => {
          running -= 1;
          delivery.release();
          if (running === 0) options.onIdle();
        });
    },
  };
}

function unsettled(delivery: Delivery, safe: boolean): OutcomeLabel | undefined {
  if (safe) return undefined;
  return delivery.lost.aborted ? "lost" : "handed_back";
}
