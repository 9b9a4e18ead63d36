import { type Fleet, freshMs } from "./fleet.ts";
import { longestRunSeconds } from "./longest-run.ts";

/** However short the runs that were seen: sooner than this no run is called stuck. */
const leastSeconds = 300;

/** How much longer than the longest that was seen to end a run may take; what was seen counts ever less (`longest-run.ts`). */
const patience = 3;

/** Workers with a run that should have ended long ago. */
export interface Stuck {
  /** Longest runs first. */
  readonly workers: readonly {
    readonly pod: string;
    readonly runSinceMs: number;
    /** When it was heard of last. */
    readonly runSeconds: number;
  }[];
  /** How old a run may be, s. */
  readonly limitSeconds: number;
  /** No run of the whole pool has ended for so long: too little is known to take anybody away. */
  readonly nothingEnds: boolean;
}

/**
 * Finds runs that are older than max(5 min, 3 × the longest run that was seen to end). It ends by itself: when such a run
 * ends it is the longest that was seen. What silent workers run is not known, and they are told of as silent.
 */
export function findStuck(fleet: Fleet, nowMs: number): Stuck {
  const limitSeconds = Math.max(leastSeconds, patience * longestRunSeconds(fleet.longestRun, nowMs));
  const workers = [...fleet.workers.values()]
    .filter(({ heardAtMs }) => nowMs - heardAtMs <= freshMs)
    .map(({ heartbeat, heardAtMs }) => ({ heartbeat, runSeconds: heartbeat.oldestRunningSeconds ?? 0, heardAtMs }))
    .filter(({ runSeconds }) => runSeconds >= limitSeconds)
    .toSorted((a, b) => b.runSeconds - a.runSeconds || (a.heartbeat.pod < b.heartbeat.pod ? -1 : 1))
    .map(({ heartbeat: { pod }, runSeconds, heardAtMs }) => ({
      ...{ pod, runSinceMs: heardAtMs - runSeconds * 1000, runSeconds },
    }));
  const { lastEndAtMs } = fleet;
  const quiet = lastEndAtMs === undefined || nowMs - lastEndAtMs >= limitSeconds * 1000;
  return { workers, limitSeconds, nothingEnds: workers.length > 0 && quiet };
}
