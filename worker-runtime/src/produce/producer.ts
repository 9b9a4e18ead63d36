import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { z } from "zod";
import { openConnection } from "../broker/connection.ts";
import { createPublisher } from "../broker/publisher.ts";
import { ConnectionLost, DefinitionError, InvalidOptions, ProducerClosed } from "../errors.ts";
import { type Job, requireJob } from "../job.ts";
import { type PlacementOptions, placeJob } from "../message/enqueue-options.ts";
import { createInputCodec, type InputCodec } from "../message/input-codec.ts";
import { jobToSend, tracedJob } from "../message/job-to-send.ts";
import { createKeyring, type KeyringSource } from "../message/keyring.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { shown } from "../shown.ts";
import { createLog } from "../telemetry/log.ts";
import { startSend } from "../telemetry/tracing.ts";
import { enqueueMany } from "./enqueue-many.ts";
import { createGate } from "./gate.ts";
import { type ProducerTarget, type QueueFacts, resolveTarget } from "./target.ts";

export type ProducerOptions = ProducerTarget & {
  /** Jobs sent and not yet confirmed, at most; further calls of `enqueue` wait. Default 1,000: lower it for large inputs. */
  readonly maxInFlight?: number;
  /** Calls of `enqueue` that may wait, for room or for the broker; beyond it they reject. Default 10,000. */
  readonly maxWaiting?: number;
  /**
   * Largest body that is sent, in bytes. Default 16 MiB, which is RabbitMQ 4's own limit (`max_message_size`). A binding
   * carries the JobQueue's `limits.maxMessageBytes`; the smaller one holds.
   */
  readonly maxMessageBytes?: number;
  /** Encrypts inputs with AES-256-GCM, for queues with `spec.encryption`. */
  readonly encryption?: KeyringSource;
  /** Default: warnings and errors, as JSON on standard output. */
  readonly log?: Logger;
};

export interface EnqueueOptions extends PlacementOptions {
  /**
   * Gives up when aborted: the promise rejects with its reason. A job already sent may yet be stored.
   * `AbortSignal.timeout(5_000)` is a deadline.
   */
  readonly signal?: AbortSignal;
}

/** Enqueues jobs of one queue. */
export interface Producer {
  /**
   * Enqueues a job and resolves to its id when the broker has stored it, never before. While the broker is away, or takes
   * nothing because its memory or disk is full, it waits and sends again under the same id, so a job may be stored twice
   * and is never lost.
   *
   * @throws InvalidInput, InvalidOptions, MessageTooLarge, Unroutable, Nacked, PublishRefused, ProducerOverloaded,
   * ProducerClosed, ConfigurationError, or the signal's reason.
   */
  enqueue<Input extends z.ZodType>(
    job: Pick<Job<string, Input>, "name" | "input">,
    input: z.input<Input>,
    options?: EnqueueOptions,
  ): Promise<string>;
  /**
   * Enqueues a job for each input, at most `maxInFlight` at a time: it takes inputs from their source no faster than the
   * broker stores them. The order on the broker is that of the inputs unless the connection is lost.
   *
   * @returns the ids, in the order of the inputs.
   * @throws BatchFailed after the first failure, once the source gives its next input or ends; it says which jobs are
   * stored.
   */
  enqueueMany<Input extends z.ZodType>(
    job: Pick<Job<string, Input>, "name" | "input">,
    inputs: Iterable<z.input<Input>> | AsyncIterable<z.input<Input>>,
    options?: Omit<EnqueueOptions, "id">,
  ): Promise<string[]>;
  /** Waits for what was sent (at most 10 s), rejects what waits, and disconnects. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const flushTimeoutMs = 10_000;

/**
 * Creates a producer. It connects in the background and comes back by itself.
 *
 * @example
 * await using producer = createProducer({ bindingDirectory: "/bindings/images" });
 * const id = await producer.enqueue(resize, { imageId: "a1", width: 640 });
 * @throws DefinitionError or ConfigurationError when an option is wrong.
 */
export function createProducer(options: ProducerOptions): Producer {
  const { maxMessageBytes } = options;
  const maxInFlight = positive("maxInFlight", options.maxInFlight ?? 1_000);
  const maxWaiting = positive("maxWaiting", options.maxWaiting ?? 10_000);
  if (maxMessageBytes !== undefined) positive("maxMessageBytes", maxMessageBytes);
  const target = resolveTarget(options);
  const log = options.log ?? createLog("warn", undefined, "jobwright-producer");
  // Whatever is given but undefined was meant to encrypt: jobs are not sent in the open because a setting was empty.
  const keyring =
    options.encryption === undefined
      ? undefined
      : createKeyring(options.encryption, (err) =>
          log.warn({ err }, "the keyring cannot be read again: its old keys stay"),
        );
  const gate = createGate(maxInFlight, maxWaiting);
  const connection = openConnection({ name: `${hostname()} produce`, source: target.address, log });
  const publisher = createPublisher(connection, log);
  const closing = new AbortController();
  let closed: Promise<void> | undefined;
  let codec: { readonly facts: QueueFacts; readonly codec: InputCodec } | undefined;

  function codecFor(facts: QueueFacts): InputCodec {
    if (codec?.facts === facts) return codec.codec;
    // The queue's own limit and the producer's: the smaller one.
    const most = [maxMessageBytes, facts.maxMessageBytes].filter((bytes) => bytes !== undefined);
    const rules = { ...facts, keyring, maxMessageBytes: most.length === 0 ? undefined : Math.min(...most) };
    codec = { facts, codec: createInputCodec(rules) };
    return codec.codec;
  }

  /** Leaves the gate when the message is settled, which may be long after the caller has given up. */
  function store(make: () => OutgoingMessage, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal?.reason);
      const settled = (failure: unknown) => {
        // Whether the broker has it is unknown, so it is sent again; its id tells the two apart.
        const again = failure instanceof ConnectionLost && !closing.signal.aborted && !signal?.aborted;
        if (again) {
          publisher.send(make, settled, signal);
          return;
        }
        gate.leave();
        signal?.removeEventListener("abort", onAbort);
        if (failure === undefined) resolve();
        else reject(failure instanceof ConnectionLost ? new ProducerClosed() : failure);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      publisher.send(make, settled, signal);
    });
  }

  async function close(): Promise<void> {
    closing.abort(new ProducerClosed());
    publisher.stop();
    gate.close(new ProducerClosed());
    // A blocked or half-open connection may never confirm.
    if (connection.isUp) await Promise.race([publisher.flush(), sleep(flushTimeoutMs, undefined, { ref: false })]);
    await connection.stop();
  }

  const producer: Producer = {
    // Promises are awaited only where there are any: at tens of thousands of jobs a second each one counts.
    async enqueue(job, input, enqueueOptions = {}) {
      requireJob("enqueue", job);
      const { signal } = enqueueOptions;
      requireSignal(job.name, signal);
      signal?.throwIfAborted();
      if (closing.signal.aborted) throw new ProducerClosed();
      const placement = placeJob(`enqueue "${job.name}"`, enqueueOptions, Date.now());
      const known = target.facts();
      const facts = known instanceof Promise ? await known : known;
      const sealing = codecFor(facts).seal(job, placement.id, input);
      const body = sealing instanceof Promise ? await sealing : sealing;
      const span = startSend(tracedJob(job.name, facts.queue, placement, body));
      try {
        const waiting = gate.enter(signal);
        if (waiting !== undefined) await waiting;
        await store(() => jobToSend(job.name, facts.queue, placement, body, Date.now(), span.headers), signal);
      } catch (error) {
        span.end(error);
        throw error;
      }
      span.end();
      return placement.id;
    },
    enqueueMany(job, inputs, manyOptions) {
      return enqueueMany(inputs, (input) => producer.enqueue(job, input, manyOptions), maxInFlight);
    },
    close() {
      closed ??= close();
      return closed;
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
  return producer;
}

function requireSignal(job: string, signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === "function") return;
  throw new InvalidOptions(
    `enqueue "${job}": signal is ${shown(signal)}: expected an AbortSignal, such as AbortSignal.timeout(5_000)`,
  );
}

function positive(option: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new DefinitionError(`createProducer: ${option} is ${shown(value)}: expected a whole number above 0`);
}
