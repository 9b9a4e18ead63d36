import { clampReplicas } from "./decide.ts";
import type { ScalingSettings } from "./signals.ts";

/** What scaling remembers of its own decisions. */
export interface Stability {
  /** The last result: workers wanted. */
  readonly wanted: number;
  /** Recommendations of the last scaleDownDelay that no later one exceeds, oldest (and largest) first. */
  readonly recommendations: readonly { readonly atMs: number; readonly replicas: number }[];
  /** Since when nothing waited or ran, without a gap in what is known; undefined when something does or may. */
  readonly idleSinceMs: number | undefined;
}

/** Why fewer workers were recommended than are kept. */
export type HeldBy = "ScaleDownDelay" | "IdleDelay" | "SignalsMissing";

export interface StabiliseInput {
  readonly nowMs: number;
  readonly recommended: number;
  /** B = U = 0, and every worker says so. */
  readonly idle: boolean;
  /** False when a signal is missing (a silent worker may do anything): nothing is taken away then. */
  readonly mayShrink: boolean;
  /** What another start would take: no worker is given up sooner than that, since to start it again would cost as much. */
  readonly coldStartMs: number;
}

/** A new leader knows nothing of the past, so what runs now stands as the recommendation of this moment. */
export function startStability(nowMs: number, currentReplicas: number): Stability {
  return {
    wanted: currentReplicas,
    recommendations: [{ atMs: nowMs, replicas: currentReplicas }],
    idleSinceMs: undefined,
  };
}

/**
 * Up at once and in one step; down to the largest recommendation of the last scaleDownDelay; to zero only after
 * idleDelay without work. The pool's limits hold whatever is remembered.
 */
export function stabilise(
  state: Stability,
  input: StabiliseInput,
  settings: ScalingSettings,
): { state: Stability; heldBy: HeldBy | undefined } {
  const { nowMs } = input;
  // Where nothing waits or runs, a rate that was seen before may keep those that are there, but asks for no others.
  const most = input.idle ? clampReplicas(state.wanted, settings) : settings.maxReplicas;
  const recommended = Math.min(input.recommended, most);
  const delayMs = scaleDownDelayMs(input, settings);
  const idleSinceMs = input.idle ? (state.idleSinceMs ?? nowMs) : undefined;
  const recommendations = [
    ...state.recommendations.filter(({ atMs, replicas }) => replicas > recommended && nowMs - atMs < delayMs),
    { atMs: nowMs, replicas: recommended },
  ];
  const largest = recommendations[0]?.replicas ?? recommended;
  const kept = (wanted: number) => ({ wanted: clampReplicas(wanted, settings), recommendations, idleSinceMs });

  // A rate that was seen before may still speak for workers, but nothing has come for all that time.
  const idleLongEnough = idleSinceMs !== undefined && nowMs - idleSinceMs >= settings.idleDelayMs;
  const atLast = idleLongEnough && input.mayShrink && settings.minReplicas === 0 && state.wanted <= 1;
  if (atLast) return { state: kept(0), heldBy: undefined };
  if (recommended >= state.wanted) return { state: kept(recommended), heldBy: undefined };
  if (!input.mayShrink) return { state: kept(state.wanted), heldBy: "SignalsMissing" };
  const lowered = Math.min(state.wanted, largest);
  if (lowered > 0) return { state: kept(lowered), heldBy: lowered > recommended ? "ScaleDownDelay" : undefined };
  return idleLongEnough
    ? { state: kept(0), heldBy: undefined }
    : { state: kept(1), heldBy: settings.minReplicas > 0 ? undefined : "IdleDelay" };
}

/** How long fewer workers must have been enough, ms: scaleDownDelay, or as long as another start would take. */
export function scaleDownDelayMs(
  { coldStartMs }: Pick<StabiliseInput, "coldStartMs">,
  settings: Pick<ScalingSettings, "scaleDownDelayMs">,
): number {
  return Math.max(settings.scaleDownDelayMs, coldStartMs);
}

/** Keeps the last decision while it is not known what waits. Time in the dark does not count as idle. */
export function hold(state: Stability, settings: ScalingSettings): Stability {
  return { ...state, wanted: clampReplicas(state.wanted, settings), idleSinceMs: undefined };
}
