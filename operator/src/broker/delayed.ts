import { delayLevel, delayLevels, delayParked } from "@jobwright/worker-runtime/contract";
import type { VhostTotals } from "./totals.ts";

/**
 * Retries and jobs with a delay, of all JobQueues of a vhost: they share its delay fabric (delay-fabric.ts), and the broker counts
 * what is on each level. Whose they are only their routing keys say, which no count tells.
 */
export interface DelayedJobs {
  readonly levels: readonly DelayLevel[];
  /** Their delay is over, and the queue that they are for is gone. */
  readonly parked: number;
}

export interface DelayLevel {
  readonly level: number;
  /** Their time on this level, 2^level s, is not over yet. */
  readonly waiting: number;
  /** It is over, and the broker has yet to move them on. Under load there are always some: see stuck.ts. */
  readonly overdue: number;
}

/** What a vhost's counts say of its delay fabric; undefined before that was declared. */
export function delayedJobs(totals: VhostTotals): DelayedJobs | undefined {
  const parked = totals.get(delayParked);
  if (parked === undefined) return undefined;
  const levels = Array.from({ length: delayLevels }, (_, level) => ({ level, counts: totals.get(delayLevel(level)) }));
  return {
    levels: levels.flatMap(({ level, counts }) =>
      counts === undefined ? [] : { level, waiting: counts.ready + counts.unacked, overdue: counts.deadLettering },
    ),
    parked: parked.ready + parked.unacked,
  };
}
