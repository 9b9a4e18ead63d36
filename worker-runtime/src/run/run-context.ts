import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { JobContext } from "../job.ts";
import type { JobMessage } from "../message/message.ts";
import { forHandler } from "../telemetry/log.ts";
import type { TraceIds } from "../telemetry/tracing.ts";
import type { Children } from "./children.ts";
import type { Delivery } from "./delivery.ts";
import { Interruption } from "./interruption.ts";
import type { ProgressReports } from "./progress.ts";

/** What all runs of a worker share, and how the parts are made that most runs do without. */
export interface RunSurroundings {
  readonly queue: string;
  readonly maxAttempts: number;
  /** @param trace ids of the run's span, if there is one. */
  log(message: JobMessage, trace: TraceIds | undefined): Logger;
  children(message: JobMessage): Children;
  progress(message: JobMessage): ProgressReports;
}

/**
 * The context of one attempt, as its handler sees it. A class, because there is one for each attempt of even the
 * shortest job: what a handler does not touch is not made. Its methods are getters of functions, so that handlers can
 * take them apart: `run(input, { signal, enqueue })`.
 */
export class RunContext implements JobContext {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly lane: string | undefined;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Ids of the run's span, for its log. */
  trace: TraceIds | undefined;
  /** Set by who watches over the handler's signs of life. */
  onHeartbeat: (() => void) | undefined;
  readonly interruption: Interruption;
  readonly #message: JobMessage;
  readonly #surroundings: RunSurroundings;
  #log: Logger | undefined;
  #ownLog: Logger | undefined;
  #children: Children | undefined;
  #progress: ProgressReports | undefined;
  #ended = false;

  /** @param drainDeadline aborted with DrainDeadline when the worker is about to end. */
  constructor(
    message: JobMessage,
    delivery: Pick<Delivery, "lane" | "lost">,
    drainDeadline: AbortSignal,
    clock: Clock,
    surroundings: RunSurroundings,
  ) {
    this.id = message.id;
    this.name = message.name;
    this.queue = surroundings.queue;
    this.lane = delivery.lane;
    this.key = message.key;
    this.attempt = message.attempt;
    this.maxAttempts = surroundings.maxAttempts;
    this.interruption = new Interruption(delivery, drainDeadline, clock, this);
    this.#message = message;
    this.#surroundings = surroundings;
  }

  get enqueuedAt(): Date {
    return new Date(this.#message.enqueuedAtMs);
  }

  get signal(): AbortSignal {
    return this.interruption.signal;
  }

  get log(): Logger {
    this.#log ??= forHandler(this.ownLog);
    return this.#log;
  }

  /** What the runtime itself says of the run. */
  get ownLog(): Logger {
    this.#ownLog ??= this.#surroundings.log(this.#message, this.trace);
    return this.#ownLog;
  }

  get enqueue(): JobContext["enqueue"] {
    this.#children ??= this.#surroundings.children(this.#message);
    if (this.#ended) this.#children.end();
    return this.#children.enqueue;
  }

  get progress(): JobContext["progress"] {
    return (fraction, note) => {
      // The outcome has said more.
      if (this.#ended) return;
      this.onHeartbeat?.();
      this.#progress ??= this.#surroundings.progress(this.#message);
      this.#progress.report(fraction, note);
    };
  }

  get heartbeat(): JobContext["heartbeat"] {
    return () => this.onHeartbeat?.();
  }

  /** The jobs that the handler has enqueued; undefined if it enqueued none. */
  get children(): Children | undefined {
    return this.#children;
  }

  /** The handler has ended. */
  end(): void {
    this.#ended = true;
    this.interruption.end();
    this.#children?.end();
    this.#progress?.end();
  }
}
