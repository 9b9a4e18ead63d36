import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, systemClock } from "./clock.ts";
import { type Logger, silentLogger } from "./log.ts";
import { keyFields } from "./object.ts";
import { createWorkQueue, type WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

/** How a reconcile ended; controller-runtime's values of its label `result`. */
export type ReconcileResult = "success" | "requeue_after" | "error";

/**
 * What the machinery tells about itself, enough for controller-runtime's metrics. Every method is optional:
 * `controller_runtime_max_concurrent_reconciles` and `…_active_workers`, `…_reconcile_total`, `…_reconcile_errors_total`,
 * `…_reconcile_time_seconds`; `workqueue_depth`, `…_adds_total`, `…_queue_duration_seconds`, `…_retries_total`.
 */
export interface ControllerMetrics {
  onStart?(event: { controller: string; concurrency: number }): void;
  onActiveWorkers?(event: { controller: string; count: number }): void;
  onReconcile?(event: { controller: string; result: ReconcileResult; durationSeconds: number }): void;
  /** Keys that are ready and wait for a worker. */
  onQueueDepth?(event: { controller: string; depth: number }): void;
  onQueueAdd?(event: { controller: string }): void;
  /** How long a key had been ready when a worker took it. */
  onQueueWait?(event: { controller: string; seconds: number }): void;
  onQueueRetry?(event: { controller: string }): void;
}

export interface ControllerOptions {
  /** The metrics' label and the log's field `controller`. */
  name: string;
  /** Reconciles at the same time, of different keys. */
  concurrency: number;
  /**
   * Brings one object (named by its key) to its desired state. Must be idempotent and read what it needs itself, for a key says
   * nothing of what changed. Never called twice at once for one key.
   * - It returns: done; the key's back-off begins anew.
   * - It returns `{ requeueAfterMs }`: done, and once more after that time, or sooner if the key is enqueued.
   * - It throws: once more after the key's exponential back-off. Throw only what a later try may mend; what the user
   *   must mend belongs into the object's status.
   * The signal aborts when the controller stops: pass it on to whatever waits.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a reconcile that never asks to come again returns nothing
  reconcile(key: string, signal: AbortSignal): Promise<{ requeueAfterMs?: number | undefined } | undefined | void>;
  metrics?: ControllerMetrics | undefined;
  log?: Logger | undefined;
  /** Rates of the queue; the defaults are controller-runtime's. */
  queue?: Pick<WorkQueueOptions, "baseDelayMs" | "maxDelayMs" | "retriesPerSecond" | "retryBurst"> | undefined;
  clock?: Clock | undefined;
}

/** Workers over a queue of keys. */
export interface Controller {
  /** Says that the object of this key may need work. May be called before `start`: nothing is lost, nothing runs yet. */
  enqueue(key: string): void;
  /** The same, after a delay. */
  enqueueAfter(key: string, delayMs: number): void;
  start(): void;
  /** Aborts the reconciles' signal, waits until they have ended, and takes no further key. */
  stop(): Promise<void>;
}

/** Passes that need to wait for nothing follow each other without a turn of the event loop: so long at most. */
const turnMs = 10;

export function createController(options: ControllerOptions): Controller {
  const { name: controller, concurrency, reconcile, metrics = {}, log = silentLogger, clock = systemClock } = options;
  const stopping = new AbortController();
  const queue: WorkQueue = createWorkQueue({
    ...options.queue,
    clock,
    observer: {
      onAdd(depth) {
        metrics.onQueueAdd?.({ controller });
        metrics.onQueueDepth?.({ controller, depth });
      },
      onTake(depth, seconds) {
        metrics.onQueueDepth?.({ controller, depth });
        metrics.onQueueWait?.({ controller, seconds });
      },
      onRetry: () => metrics.onQueueRetry?.({ controller }),
    },
  });
  let workers: Promise<void>[] = [];
  let active = 0;
  let turnedAt = performance.now();
  let lastTurn = Promise.resolve();

  async function reconcileOnce(key: string): Promise<ReconcileResult> {
    try {
      const outcome = await reconcile(key, stopping.signal);
      queue.forget(key);
      if (outcome?.requeueAfterMs === undefined) {
        return "success";
      }
      queue.addAfter(key, outcome.requeueAfterMs);
      return "requeue_after";
    } catch (error) {
      if (!stopping.signal.aborted) {
        log.error(
          { controller, ...keyFields(key), err: error },
          "reconcile failed; it is tried again after its back-off",
        );
      }
      queue.addRateLimited(key);
      return "error";
    }
  }

  /** A turn of the event loop for each worker that waits for one: thirty-two that go on in the same would hold it together. */
  function turn(): Promise<void> {
    lastTurn = lastTurn.then(nextTurn).then(() => {
      turnedAt = performance.now();
    });
    return lastTurn;
  }

  async function work(): Promise<void> {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      const startedAt = clock.now();
      metrics.onActiveWorkers?.({ controller, count: ++active });
      const result = await reconcileOnce(key);
      metrics.onActiveWorkers?.({ controller, count: --active });
      metrics.onReconcile?.({ controller, result, durationSeconds: (clock.now() - startedAt) / 1000 });
      queue.done(key);
      // A thousand objects that are looked at in the same second must not keep leases, heartbeats and wakes waiting.
      if (performance.now() - turnedAt >= turnMs) await turn();
    }
  }

  return {
    enqueue: queue.add,
    enqueueAfter: queue.addAfter,
    start() {
      if (workers.length === 0 && !stopping.signal.aborted) {
        metrics.onStart?.({ controller, concurrency });
        workers = Array.from({ length: concurrency }, work);
      }
    },
    async stop() {
      stopping.abort(new Error(`controller ${controller} is stopping`));
      queue.stop();
      await Promise.all(workers);
    },
  };
}
