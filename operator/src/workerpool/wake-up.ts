import { type Broker, type JobQueueOnBroker, type WakeWatch, watchForWork } from "../broker/index.ts";

/** The queue to be woken by, and the broker it is on. */
export interface Sleeping extends JobQueueOnBroker {
  readonly broker: Broker;
}

/** The push that wakes a pool at zero. */
export interface WakeUp extends AsyncDisposable {
  /** Asks to be woken by this queue's first job, or no more (undefined). Asking again for the same name, lanes and bindings changes nothing. */
  arm(sleeping: Sleeping | undefined): void;
}

/** @param latest what the JobQueue is by now: the copies that a watch holds are looked at long after it began. */
export function createWakeUp(
  listener: { onWake(): void; onError(error: unknown): void },
  latest: () => JobQueueOnBroker,
): WakeUp {
  let armed: { readonly broker: Broker; readonly intake: string; readonly watch: WakeWatch } | undefined;
  const ending = new Set<Promise<void>>();

  function disarm(): void {
    if (armed === undefined) return;
    // It first brings the copies it holds to safety.
    const end = Promise.resolve(armed.watch[Symbol.asyncDispose]()).finally(() => ending.delete(end));
    ending.add(end);
    armed = undefined;
  }

  return {
    arm(sleeping) {
      const intake = JSON.stringify([sleeping?.name, sleeping?.lanes, sleeping?.bindings]);
      if (armed !== undefined && armed.broker === sleeping?.broker && armed.intake === intake) return;
      disarm();
      if (sleeping === undefined) return;
      const { broker, ...queue } = sleeping;
      const watch = watchForWork(
        broker,
        queue,
        {
          onWake() {
            // It has ended itself; the next step at zero asks again.
            armed = undefined;
            listener.onWake();
          },
          onError: listener.onError,
        },
        () => {
          const now = latest();
          return now.name === queue.name ? now : queue;
        },
      );
      armed = { broker, intake, watch };
    },
    async [Symbol.asyncDispose]() {
      disarm();
      await Promise.all(ending);
    },
  };
}
