import type { Logger } from "pino";
import { type Clock, sleep } from "../clock.ts";
import { laneQueue, maxDelaySeconds } from "../contract/index.ts";
import { asError } from "../errors.ts";
import type { Job, JobRateLimit } from "../job.ts";
import type { InputCodec } from "../message/input-codec.ts";
import type { JobMessage } from "../message/message.ts";
import type { Delivery } from "./delivery.ts";
import { createKeyLimits, type KeyLimits } from "./key-limits.ts";
import { retryCopy } from "./retry-copy.ts";
import { type OutcomePublisher, settleWith } from "./settle.ts";

/** Keeps jobs to their own rate limits, before they count as begun. */
export interface Admission {
  /**
   * Resolves when it is decided whether the job starts now. If not, its delivery was postponed, to be started once more
   * later, or its copy waits in the delay fabric, as the same attempt.
   */
  admit(job: Job, message: JobMessage, delivery: Delivery): Promise<"Start" | "Postponed" | "Deferred">;
}

export interface AdmissionOptions {
  readonly queue: string;
  readonly codec: InputCodec;
  readonly publisher: OutcomePublisher;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createAdmission({ queue, codec, publisher, clock, log }: AdmissionOptions): Admission {
  const limits = new Map<string, KeyLimits>();
  /** Deliveries that were postponed: their start is reserved. */
  const reserved = new WeakSet<Delivery>();

  function limitsOf({ name }: Job, { jobs, perMs }: JobRateLimit): KeyLimits {
    const found = limits.get(name) ?? createKeyLimits({ jobs, perMs });
    limits.set(name, found);
    return found;
  }

  /** Undefined for a job that is not going to run: it is not to be counted. */
  async function keyOf(job: Job, { key }: JobRateLimit, message: JobMessage): Promise<string | undefined> {
    if (message.expiresAtMs !== undefined && message.expiresAtMs <= clock.now()) return undefined;
    const opened = await codec.open(job, message);
    if (!opened.ok) return undefined;
    try {
      return key === undefined ? "" : String(key(opened.input));
    } catch (error) {
      log.error({ err: asError(error), job: job.name, id: message.id }, "rateLimit.key threw: the job is not limited");
      return undefined;
    }
  }

  async function defer(message: JobMessage, delivery: Delivery, forMs: number): Promise<void> {
    const target = delivery.lane === undefined ? queue : laneQueue(queue, delivery.lane);
    const delayMs = Math.min(forMs, maxDelaySeconds * 1000);
    const copy = retryCopy(message, { delayMs, attempt: message.attempt }, undefined, target, clock.now());
    await settleWith(delivery, [copy], publisher, clock, { ownLog: log });
  }

  return {
    async admit(job, message, delivery) {
      if (job.rateLimit === undefined || reserved.delete(delivery)) return "Start";
      const key = await keyOf(job, job.rateLimit, message);
      if (key === undefined) return "Start";
      const keyLimits = limitsOf(job, job.rateLimit);
      const admission = keyLimits.admit(key, clock.monotonic());
      if (admission.type === "Start") return "Start";
      if (admission.type === "Defer") {
        await defer(message, delivery, admission.delayMs);
        return "Deferred";
      }
      reserved.add(delivery);
      if (delivery.postpone?.(admission.waitMs) === true) return "Postponed";
      reserved.delete(delivery);
      if (delivery.postpone === undefined) {
        await sleep(clock, admission.waitMs, delivery.lost);
        return "Start";
      }
      // Too many wait in the worker already.
      keyLimits.giveBack(key);
      await defer(message, delivery, admission.waitMs);
      return "Deferred";
    },
  };
}
