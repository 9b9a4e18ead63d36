import type { GrowthLimit } from "./growth-limit.ts";

/** How long to wait before more are asked for again. */
const delayMs = { first: 30_000, longest: 300_000 };

/** How long Kubernetes is given to say no again. */
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
  readonly delayMs: number;
  /** `Waiting`: until then no more than `had` is asked for. `Asking`: all is asked for, and the answer is due then. */
  readonly phase: "Waiting" | "Asking";
  readonly untilMs: number;
}

/**
 * Backs off from a shortage: no more is asked for than there is, and all of it again after 30 s, 1 min, 2 min … 5 min.
 * Pods that wait for a node are not given up: who adds nodes looks at them, and when all have one the shortage is over.
 */
export function observeScarcity(
  before: Scarcity | undefined,
  { nowMs, shortage }: { nowMs: number; shortage: Shortage | undefined },
): Scarcity | undefined {
  if (before === undefined) return shortage && waiting(shortage, delayMs.first, nowMs);
  // Pods that were refused are not asked for, so nothing is said of them.
  if (shortage === undefined && before.shortage.reason === "Unschedulable") return undefined;
  if (nowMs < before.untilMs) return before;
  if (before.phase === "Waiting") return { ...before, phase: "Asking", untilMs: nowMs + answerMs };
  return shortage && waiting(shortage, Math.min(delayMs.longest, before.delayMs * 2), nowMs);
}

/** What a shortage leaves room for. */
export function scarcityLimit({ shortage, phase, delayMs }: Scarcity): GrowthLimit {
  const { reason, message, had } = shortage;
  const ceiling = phase === "Asking" ? Number.POSITIVE_INFINITY : had;
  return { reason, ceiling, message: `${message}; more are asked for after ${delayMs / 1000}s` };
}

function waiting(shortage: Shortage, delayMs: number, nowMs: number): Scarcity {
  return { shortage, delayMs, phase: "Waiting", untilMs: nowMs + delayMs };
}
