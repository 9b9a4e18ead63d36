import type { Logger } from "pino";
import { createFairOrder } from "../consume/fair-order.ts";
import { returnedLane } from "../consume/returned-lane.ts";
import type { Lane, RetryPolicy } from "../contract/index.ts";
import { DrainDeadline } from "../errors.ts";
import type { Job } from "../job.ts";
import type { InputRules } from "../message/input-codec.ts";
import { createRunner, type RunnerOptions } from "../run/runner.ts";
import type { OutcomePublisher } from "../run/settle.ts";
import { createTally } from "../run/tally.ts";
import type { ControlledClock } from "./controlled-clock.ts";
import type { MemoryBroker } from "./memory-broker.ts";
import { type DeliveryEnds, type MemoryDelivery, memoryDelivery } from "./memory-delivery.ts";

/** A worker in memory: the real runner, fed from the queues of a broker in memory. */
export interface MemoryWorker {
  /** What it has been given and not yet settled. */
  readonly unsettled: ReadonlySet<MemoryDelivery>;
  /** Handlers that have not ended. */
  readonly running: number;
  /** Takes jobs into its free slots. */
  fill(): void;
  /** Takes no more. */
  pause(): void;
  /** Aborts what runs, since the drain timeout is nearly over. */
  abortAll(): void;
  /** All that it has is delivered again, and nothing that it still does counts. */
  crash(): void;
}

export interface MemoryWorkerOptions {
  readonly jobs: readonly Job[];
  readonly queue: string;
  readonly lanes: readonly Lane[];
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly content: Omit<InputRules, "queue">;
  readonly broker: MemoryBroker;
  readonly clock: ControlledClock;
  readonly metrics: RunnerOptions["metrics"];
  readonly log: Logger;
  random(): number;
  /** A delivery came back without an outcome; it is not in its queue yet. */
  returned: DeliveryEnds["returned"];
  /** Something happened. */
  onChange(): void;
}

export function memoryWorker(options: MemoryWorkerOptions): MemoryWorker {
  const { broker, lanes, concurrency, onChange } = options;
  const unsettled = new Set<MemoryDelivery>();
  const deadline = new AbortController();
  // As in a worker: the work queue beside the lanes, with a weight of 1, and so what comes back.
  const order = createFairOrder(broker.queues.map((_, index) => lanes[index - 1]?.weight ?? 1));
  let taking = true;

  const publisher: OutcomePublisher = {
    async publish(message, signal) {
      signal?.throwIfAborted();
      broker.publish(message);
      onChange();
    },
  };
  const runner = createRunner({
    ...options,
    // The kit tells what became of jobs by their events.
    outcomes: "All",
    worker: "test-worker",
    publisher,
    tally: createTally(),
    drainDeadline: deadline.signal,
    onIdle: onChange,
  });

  function fill(): void {
    while (taking && runner.running < concurrency) {
      const index = order.next((candidate) => (broker.queues[candidate]?.ready.length ?? 0) > 0);
      const queue = index === undefined ? undefined : broker.queues[index];
      const message = queue?.take();
      if (index === undefined || queue === undefined || message === undefined) return;
      const settled = (then: () => void) => {
        unsettled.delete(delivery);
        then();
        onChange();
      };
      const lane = lanes[index - 1]?.name ?? returnedLane(options.queue, message.fields.routingKey);
      const delivery = memoryDelivery(queue, lane, message, {
        acked: () => settled(() => {}),
        returned: () => settled(() => options.returned(message, queue)),
        released: onChange,
      });
      unsettled.add(delivery);
      runner.start(delivery);
    }
  }

  return {
    unsettled,
    get running() {
      return runner.running;
    },
    fill,
    pause() {
      taking = false;
    },
    abortAll: () => deadline.abort(new DrainDeadline()),
    crash() {
      taking = false;
      for (const delivery of [...unsettled].reverse()) delivery.lose();
    },
  };
}
