/** What a pod's start is taken to last before any was seen. */
export const assumedColdStartSeconds = 5;

/** Starts remembered: enough for a median that one slow image pull does not move. */
const remembered = 5;

/** The last measured cold starts, newest last. */
export interface ColdStart {
  readonly measuredMs: readonly number[];
}

/** Begins with what status kept, newest last. */
export function startColdStart(keptMs: readonly number[]): ColdStart {
  return { measuredMs: keptMs.slice(-remembered) };
}

/** Adds one measurement: time from asking for a pod to its first heartbeat. */
export function recordColdStart(state: ColdStart, measuredMs: number): ColdStart {
  return { measuredMs: [...state.measuredMs, Math.max(0, measuredMs)].slice(-remembered) };
}

/** T₀: the median of the last five, ms; undefined before the first. */
export function coldStartMs({ measuredMs }: ColdStart): number | undefined {
  const sorted = measuredMs.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/**
 * When a pod was asked for, as exactly as can be told: the API server keeps the creation time in whole seconds, so
 * a scale-up decided within that second says it better.
 */
export function askedForAtMs(createdAtMs: number, scaledUpAtMs: number | undefined): number {
  return Math.max(createdAtMs, Math.min(scaledUpAtMs ?? createdAtMs, createdAtMs + 999));
}
