import { setTimeout as sleep } from "node:timers/promises";
import type { Producer } from "@jobwright/worker-runtime";
import { nap } from "./handlers/jobs.ts";

/** Jobs that are enqueued one after the other, until it is told to end. */
export interface SteadyLoad {
  /** Stops enqueuing. @returns the ids of all that the broker has confirmed. @throws what a publish threw. */
  end(): Promise<string[]>;
}

/** A short job every so often. */
export function startSteadyLoad(producer: Producer, everyMs = 100): SteadyLoad {
  const ending = new AbortController();
  const enqueued = (async () => {
    const ids: string[] = [];
    while (!ending.signal.aborted) {
      ids.push(await producer.enqueue(nap, { ms: 200 }));
      await sleep(everyMs);
    }
    return ids;
  })();
  enqueued.catch(() => {});
  return {
    end() {
      ending.abort();
      return enqueued;
    },
  };
}
