import { setImmediate as nextTurn } from "node:timers/promises";

/** Waits, in real time, for what handlers do between two moments of a controlled clock. */
export interface Patience {
  /** Something happened: patience begins anew. */
  renew(): void;
  /** Resolves when `reached`, or when nothing has happened for as long as patience lasts. */
  until(reached: () => boolean): Promise<void>;
}

/** @param lastsMs of real time. */
export function createPatience(lastsMs: number): Patience {
  let sinceMs = performance.now();
  return {
    renew() {
      sinceMs = performance.now();
    },
    async until(reached) {
      // What has happened may lead on to more within the same turn of the event loop.
      do await nextTurn();
      while (!reached() && performance.now() - sinceMs < lastsMs);
    },
  };
}
