import type { BreakerState } from "./circuit-breaker.ts";
import { nothing, type Want } from "./want.ts";

/** What decides how much each lane takes. */
export interface PlanFacts {
  /** Whether jobs are to be taken at all. */
  readonly taking: boolean;
  readonly breaker: BreakerState;
  readonly lanes: number;
  readonly slots: number;
  readonly freeSlots: number;
  /** Deliveries to take beside those that run; see extraPrefetch. */
  readonly extra: number;
  /** Unsettled deliveries that a lane may have where jobs start as they come. */
  readonly window: number;
  /** See isBrisk. */
  readonly brisk: boolean;
  /** See lanesMayHold. */
  readonly laneWindows: boolean;
  /** See laneCandidates. */
  readonly candidates: number;
  /** Starts that the rate limit allows within half a second; Infinity without a limit. */
  readonly startableSoon: number;
  /** Starts that it allows within two seconds. */
  readonly startable: number;
}

/**
 * How much of its queue a lane takes, given how many of its jobs wait in the worker, and whether it is its turn to be asked.
 *
 * Where jobs are so short that none waits for a slot, a lane's share is what it takes ahead; so that goes by weight as well.
 *
 * Without a rate limit and with one lane, jobs start as they come: a window. With several lanes of long jobs, a window
 * each would take many times what can run, so each keeps only its candidates at hand. Under a rate limit only what may
 * start soon is fetched: what waits here, no other worker can take.
 */
export function wantOfLane(
  { held, share, asked = true }: { held: number; share: number; asked?: boolean },
  facts: PlanFacts,
): Want {
  if (!facts.taking || facts.breaker === "Open") return nothing;
  // One is enough to see whether it works again.
  if (facts.breaker === "HalfOpen") return fetch(1, held);
  const candidates = asked ? facts.candidates : 0;
  if (Number.isFinite(facts.startableSoon)) {
    const room = facts.lanes === 1 ? facts.freeSlots + facts.extra : Math.max(candidates, facts.extra);
    return fetch(Math.min(facts.startableSoon, room), held);
  }
  if (facts.lanes === 1 || facts.laneWindows) {
    const unsettled = facts.slots + Math.ceil((facts.window - facts.slots) * share);
    return { type: "Window", unsettled, brisk: facts.brisk };
  }
  return fetch(candidates, held);
}

/**
 * How many of a lane's jobs may wait in the worker for long. What is more is handed back, for others to take; never less
 * than is fetched, or a job would go to and fro.
 */
export function mayWait(facts: PlanFacts): number {
  if (!facts.taking) return 0;
  // Kept to probe with.
  if (facts.breaker !== "Closed") return 1;
  if (Number.isFinite(facts.startable)) return facts.startable;
  return facts.lanes === 1 ? facts.extra : Math.max(facts.candidates, facts.extra);
}

function fetch(target: number, held: number): Want {
  return { type: "Fetch", more: Math.max(0, target - held), batch: Math.ceil(target / 2) };
}
