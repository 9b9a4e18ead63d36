import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { DrainDeadline } from "../errors.ts";
import type { Delivery } from "./delivery.ts";

/** How long a handler may go on after its signal was aborted before it is reported. */
const reportAfterMs = 5_000;

/**
 * What may cut one attempt short: its timeouts, the loss of its delivery, and the worker's drain deadline. A class, and
 * its signal made only when a handler asks for it, because there is one for each attempt of even the shortest job.
 */
export class Interruption {
  /** Whether a handler that goes on after the abort is reported in the log. */
  reported = true;
  readonly #delivery: Pick<Delivery, "lost">;
  readonly #drainDeadline: AbortSignal;
  readonly #clock: Clock;
  readonly #run: { readonly ownLog: Logger };
  #controller: AbortController | undefined;
  #reason: unknown;
  #stopReport: (() => void) | undefined;

  /**
   * @param drainDeadline aborted with DrainDeadline when the worker is about to end.
   * @param run whose log reports handlers that ignore their signal.
   */
  constructor(
    delivery: Pick<Delivery, "lost">,
    drainDeadline: AbortSignal,
    clock: Clock,
    run: { readonly ownLog: Logger },
  ) {
    this.#delivery = delivery;
    this.#drainDeadline = drainDeadline;
    this.#clock = clock;
    this.#run = run;
  }

  /** What the handler gets. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#reason !== undefined) {
      this.#controller.abort(this.#reason);
      return this.#controller.signal;
    }
    // One by one: AbortSignal.any over a signal that lives as long as the process keeps what it made alive for long.
    for (const source of [this.#delivery.lost, this.#drainDeadline]) {
      if (source.aborted) this.abort(source.reason);
      else source.addEventListener("abort", this.#onAbort, { once: true });
    }
    return this.#controller.signal;
  }

  /** Why it was cut short; undefined if it was not. */
  get reason(): unknown {
    if (this.#reason !== undefined) return this.#reason;
    // A handler that never asked for its signal has thrown all the same because of what it did not hear of.
    return this.#drainDeadline.aborted ? this.#drainDeadline.reason : undefined;
  }

  get atDrainDeadline(): boolean {
    return this.reason instanceof DrainDeadline;
  }

  /** Cuts the attempt short, unless something else did before. A handler that goes on for 5 s is reported in the log. */
  abort(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    if (this.reported) this.#stopReport = this.#clock.after(reportAfterMs, () => this.#report(), { ref: false });
  }

  /** The handler has ended. */
  end(): void {
    this.#stopReport?.();
    if (this.#controller === undefined) return;
    this.#delivery.lost.removeEventListener("abort", this.#onAbort);
    this.#drainDeadline.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (event: Event): void => {
    if (event.target instanceof AbortSignal) this.abort(event.target.reason);
  };

  #report(): void {
    this.#run.ownLog.warn(
      { reason: String(this.#reason) },
      `the handler goes on ${reportAfterMs / 1000} s after its signal was aborted: pass job.signal to what it waits for; until it ends, its slot stays taken`,
    );
  }
}
