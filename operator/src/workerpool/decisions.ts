import type { WorkerPool } from "../api/objects.ts";
import type { Decision, PastDecision, WorkerPoolStatus } from "../api/worker-pool.ts";
import { headline, type Reason } from "../autoscaling/explain.ts";
import type { PoolDecision } from "../autoscaling/pool.ts";
import type { EventRecorder } from "../kube/index.ts";
import { type Manner, mannerOf } from "./manner.ts";
import { remember, wholeSeconds } from "./recent-decisions.ts";

/** A hiccup of the broker is no news; a decision that is held for longer is. */
const tellBlindMs = 5_000;

/** One step of scaling. */
interface Step {
  readonly nowMs: number;
  readonly from: number;
  readonly to: number;
  readonly auto: PoolDecision;
  /** The number that stays where `to` is only recommended. */
  readonly current: number;
}

/** Keeps the decisions that the status shows, and reports each that changes something. */
export interface Decisions {
  readonly last: Decision | undefined;
  readonly recent: readonly PastDecision[];
  /** How often the number was raised and lowered. */
  readonly scaled: { readonly up: number; readonly down: number };
  /** Takes in one step's decision. Returns whether there is something new to show. */
  note(pool: WorkerPool, step: Step): boolean;
}

/** @param kept what the status shows already. */
export function createDecisions(
  events: EventRecorder,
  kept: Pick<WorkerPoolStatus, "decision" | "recentDecisions"> = {},
): Decisions {
  let last = kept.decision;
  let recent: readonly PastDecision[] = kept.recentDecisions ?? [];
  let scaled = { up: 0, down: 0 };
  let blindSinceMs: number | undefined;

  /** That nothing is decided, paused or for want of signals, is news too, once it lasts and once it is over. */
  function isNews(reason: string, nowMs: number): boolean {
    const blind = isBlind(reason);
    blindSinceMs = blind ? (blindSinceMs ?? nowMs) : undefined;
    if (reason === "Paused") return last?.reason !== "Paused";
    const isTold = last !== undefined && (isBlind(last.reason) || last.reason === "Paused");
    return isTold && !blind ? true : !isTold && blindSinceMs !== undefined && nowMs - blindSinceMs >= tellBlindMs;
  }

  return {
    get last() {
      return last;
    },
    get recent() {
      return recent;
    },
    get scaled() {
      return scaled;
    },
    note(pool, { to, auto, current, nowMs, ...step }) {
      const manner = mannerOf(pool.spec);
      // Nobody scales a paused pool: workers on their way out come back, or others set the number.
      const from = manner === "Paused" ? to : step.from;
      const { reason, why } = explanation(manner, auto, current);
      const news = isNews(reason, nowMs);
      if (from === to && !news) return false;
      const message = `${headline({ from, to })}: ${why}`;
      last = { time: wholeSeconds(nowMs), replicas: to, reason, message };
      recent = remember(recent, { atMs: nowMs, from, to, reason, why });
      if (manner !== "Recommend") scaled = { up: scaled.up + Number(to > from), down: scaled.down + Number(to < from) };
      const event = eventOf(manner, reason, to - from);
      if (event !== undefined) events.record(pool, ...event, message);
      return true;
    },
  };
}

function explanation(manner: Manner, { reason, why }: PoolDecision, current: number): { reason: string; why: string } {
  switch (manner) {
    case "Auto":
      return { reason, why };
    case "Recommend":
      return { reason, why: `${why}; only recommended (scaling.mode Recommend), ${current} asked for` };
    case "Manual":
      return { reason: "Manual", why: "spec.replicas, in Manual mode" };
    case "Paused":
      return { reason: "Paused", why: "kept as they are while spec.paused is true" };
  }
}

/** That a pool is paused, its conditions tell. */
function eventOf(manner: Manner, reason: string, change: number): ["Normal" | "Warning", string] | undefined {
  if (change === 0) return isBlind(reason) ? ["Warning", "ScalingHeld"] : undefined;
  if (manner === "Recommend") return ["Normal", "ScalingRecommended"];
  return change > 0 ? ["Normal", "ScaledUp"] : ["Normal", "ScaledDown"];
}

/** All that keeps workers which may not be needed. */
const blind: ReadonlySet<string> = new Set<Reason>([
  "BacklogUnknown",
  "WorkersSilent",
  "WorkersStuck",
  "WithoutRuntime",
]);

function isBlind(reason: string): boolean {
  return blind.has(reason);
}
