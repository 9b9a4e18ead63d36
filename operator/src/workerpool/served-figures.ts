import type { Served } from "../autoscaling/without-runtime.ts";
import { type Broker, readServed } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/** The broker counts as often. */
const intervalMs = 5_000;

/** The broker's figures of a pool's queues, for pools with workers that do not report. */
export interface ServedFigures {
  /** The last figures. While they are wanted they are read every five seconds, without being waited for. */
  step(source: { broker: Broker; queues: readonly string[] }, wanted: boolean, nowMs: number): Served | undefined;
}

export function createServedFigures(log: Logger): ServedFigures {
  let last: Served | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  return {
    step({ broker, queues }, wanted, nowMs) {
      // Both ways, since the clock may have been set back.
      if (!wanted || Math.abs(nowMs - askedAtMs) < intervalMs) return last;
      askedAtMs = nowMs;
      readServed(broker, queues).then(
        (found) => {
          last = { atMs: Date.now(), ...found };
        },
        (error: unknown) =>
          log.debug({ brokerQueue: queues, err: error }, "what workers have in hand could not be read"),
      );
      return last;
    },
  };
}
