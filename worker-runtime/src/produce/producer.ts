import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { z } from "zod";
import { type AddressSource, addressOfBinding, addressOfUri, readBinding } from "../broker/address.ts";
import { openConnection } from "../broker/connection.ts";
import { createPublisher } from "../broker/publisher.ts";
import { type Binding, queueNames } from "../contract/index.ts";
import { ConnectionLost, DefinitionError, InvalidInput, ProducerClosed } from "../errors.ts";
import type { Job } from "../job.ts";
import { writeInput } from "../message/input.ts";
import { jobProperties, type OutgoingMessage } from "../message/message.ts";
import { uuidv7 } from "../message/uuid.ts";
import { createLog } from "../telemetry/log.ts";
import { createGate } from "./gate.ts";

/** Which broker and queue, in one of three ways. */
type ProducerTarget =
  /** A broker's URI and the queue's resolved name, `<namespace>.<name>`. */
  | { readonly url: string; readonly queue: string; readonly ca?: string }
  /** The facts of a binding, for example read from environment variables. */
  | { readonly binding: Binding }
  /** The directory where the Secret that the JobQueue's `status.binding.name` names is mounted; read at every connect. */
  | { readonly bindingDirectory: string };

export type ProducerOptions = ProducerTarget & {
  /** Jobs sent and not yet confirmed, at most; further calls of `enqueue` wait. Default 1,000. */
  readonly maxInFlight?: number;
  /** Calls of `enqueue` that may wait, for room or for the broker; beyond it they reject. Default 10,000. */
  readonly maxWaiting?: number;
  /** Default: warnings and errors, as JSON on standard output. */
  readonly log?: Logger;
};

export interface EnqueueOptions {
  /** Gives up when aborted: the promise rejects with its reason. A job already sent may yet be stored. */
  readonly signal?: AbortSignal;
}

/** Enqueues jobs of one queue. */
export interface Producer {
  /**
   * Enqueues a job and resolves to its id when the broker has stored it, never before. While the broker is away it
   * waits and sends again under the same id, so a job may be stored twice and is never lost.
   *
   * @throws InvalidInput, Unroutable, Nacked, PublishRefused, ProducerOverloaded, ProducerClosed, or the signal's reason.
   */
  enqueue<Input extends z.ZodType>(
    job: Pick<Job<string, Input>, "name" | "input">,
    input: z.input<Input>,
    options?: EnqueueOptions,
  ): Promise<string>;
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
 * @throws DefinitionError when an option is wrong.
 */
export function createProducer(options: ProducerOptions): Producer {
  const { address, queue } = resolveTarget(options);
  const log = options.log ?? createLog("warn");
  const gate = createGate(options.maxInFlight ?? 1_000, options.maxWaiting ?? 10_000);
  const connection = openConnection({ name: `${hostname()} produce`, source: address, log });
  const publisher = createPublisher(connection, log);
  const closing = new AbortController();
  let closed: Promise<void> | undefined;

  async function publishUntilConfirmed(message: OutgoingMessage, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      try {
        await publisher.publish(message, signal);
        return;
      } catch (error) {
        // Whether the broker has it is unknown, so it is sent again; its id tells the two apart.
        if (!(error instanceof ConnectionLost)) throw error;
        if (closing.signal.aborted) throw new ProducerClosed();
      }
    }
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
    async enqueue(job, input, { signal } = {}) {
      signal?.throwIfAborted();
      if (closing.signal.aborted) throw new ProducerClosed();
      const written = await writeInput(job, input);
      if (!written.ok) throw new InvalidInput(written.problem);
      const id = uuidv7();
      const enqueuedAtMs = Date.now();
      using _slot = await gate.enter(signal);
      const { exchange } = queueNames(await queue());
      await publishUntilConfirmed(
        {
          exchange,
          routingKey: job.name,
          content: written.content,
          properties: jobProperties({ id, name: job.name, attempt: 1, enqueuedAtMs }),
        },
        signal,
      );
      return id;
    },
    close() {
      closed ??= close();
      return closed;
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
  return producer;
}

function resolveTarget(target: ProducerTarget): { address: AddressSource; queue: () => Promise<string> } {
  if ("bindingDirectory" in target) {
    const { bindingDirectory } = target;
    // The queue of a binding never changes; its password may.
    let queue: Promise<string> | undefined;
    return {
      address: async () => addressOfBinding(await readBinding(bindingDirectory)),
      queue: () => {
        queue ??= readBinding(bindingDirectory).then((facts) => facts.queue);
        return queue;
      },
    };
  }
  const { url, queue, ca } =
    "binding" in target
      ? { url: target.binding.uri, queue: target.binding.queue, ca: target.binding["ca.crt"] }
      : target;
  if (typeof queue !== "string" || queue === "") {
    throw new DefinitionError(
      "createProducer: queue is missing: expected its resolved name, such as media.image-resize",
    );
  }
  const address = addressOfUri(url, ca);
  return { address: async () => address, queue: async () => queue };
}
