import type { WorkerPool } from "../api/objects.ts";
import type { Decision } from "../api/worker-pool.ts";
import type { PoolDecision } from "../autoscaling/pool.ts";
import type { EventRecorder } from "../kube/index.ts";

/** A hiccup of the broker is no news; a decision that is held for longer is. */
const tellBlindMs = 5_000;

/** Keeps the decision that the status shows, and reports each that changes something. */
export interface Decisions {
  readonly last: Decision | undefined;
  /** Takes in one step's decision: from so many workers to so many. Returns whether there is something new to show. */
  note(pool: WorkerPool, step: { from: number; to: number; auto: PoolDecision; nowMs: number }): boolean;
}

/** @param kept the decision that the status shows already. */
export function createDecisions(events: EventRecorder, kept: Decision | undefined): Decisions {
  let last = kept;
  let blindSinceMs: number | undefined;

  /** That nothing is decided because too little is known is news too, once it lasts and once it is over. */
  function isNews(reason: string, nowMs: number): boolean {
    const blind = isBlind(reason);
    blindSinceMs = blind ? (blindSinceMs ?? nowMs) : undefined;
    const isTold = last !== undefined && isBlind(last.reason);
    return isTold ? !blind : blindSinceMs !== undefined && nowMs - blindSinceMs >= tellBlindMs;
  }

  return {
    get last() {
      return last;
    },
    note(pool, { from, to, auto, nowMs }) {
      const manual = pool.spec.scaling.mode === "Manual";
      const reason = manual ? "Manual" : auto.reason;
      const news = isNews(reason, nowMs);
      if (from === to && !news) return false;
      const message = manual ? `${from} → ${to} workers: spec.replicas, in Manual mode` : auto.message;
      const time = new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, "Z");
      last = { time, replicas: to, reason, message };
      if (from !== to) events.record(pool, "Normal", to > from ? "ScaledUp" : "ScaledDown", message);
      else if (isBlind(reason)) events.record(pool, "Warning", "ScalingHeld", message);
      return true;
    },
  };
}

function isBlind(reason: string): boolean {
  return reason === "BacklogUnknown" || reason === "WorkersSilent";
}
