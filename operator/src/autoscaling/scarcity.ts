import type { GrowthLimit } from "./growth-limit.ts";

/** How long to wait before more are asked for again. */
const delayMs = { first: 30_000, longest: 300_000 };

/** How long Kubernetes is given to say no, the first time and again: pods may wait a moment for a node, and a burst is still coming in. */
const answerMs = 10_000;

/** Kubernetes does not give what was asked for. */
export interface Shortage {
  readonly reason: "PodsRefused" | "Unschedulable";
  /** In Kubernetes's words. */
  readonly message: string;
  /** What to ask for meanwhile. */
  readonly had: number;
}

/** A shortage that is waited out. */
export interface Scarcity {
  readonly shortage: Shortage;
  /** How long it was waited last; 0 if not yet. */
  readonly delayMs: number;
  /** `Waiting`: until then no more than `had` is asked for. `Asking`: all is asked for, and the answer is due then. */
  readonly phase: "Waiting" | "Asking";
  readonly untilMs: number;
}

/**
 * Backs off from a shortage that lasts: no more is asked for than there is, and all of it again after 30 s, 1 min, 2 min … 5 min.
 * Pods that wait for a node are not given up: who adds nodes looks at them, and when all have one the shortage is over.
 */
export function observeScarcity(
  before: Scarcity | undefined,
  { nowMs, shortage }: { nowMs: number; shortage: Shortage | undefined },
): Scarcity | undefined {
  if (before === undefined) return shortage && { shortage, delayMs: 0, phase: "Asking", untilMs: nowMs + answerMs };
  // Pods that were refused are not asked for, so nothing is said of them.
  if (shortage === undefined && before.shortage.reason === "Unschedulable") return undefined;
  if (nowMs < before.untilMs) return before;
  if (before.phase === "Waiting") return { ...before, phase: "Asking", untilMs: nowMs + answerMs };
  if (shortage === undefined) return undefined;
  const delay = Math.min(delayMs.longest, Math.max(delayMs.first, before.delayMs * 2));
  return { shortage, delayMs: delay, phase: "Waiting", untilMs: nowMs + delay };
}

/** What a shortage leaves room for; undefined while it may yet pass by itself. */
export function scarcityLimit({ shortage, phase, delayMs }: Scarcity): GrowthLimit | undefined {
  if (delayMs === 0) return undefined;
  const { reason, message, had } = shortage;
  const ceiling = phase === "Asking" ? Number.POSITIVE_INFINITY : had;
  return { reason, ceiling, message: `${message}; more are asked for after ${delayMs / 1000}s` };
}
