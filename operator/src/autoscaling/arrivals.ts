import { append, type Timeline, valueAt } from "./timeline.ts";

/** A rate needs at least this much history; so a new leader starts with λ = 0. */
const minWindowMs = 10_000;

/** Sub-windows of which the median counts. */
const subWindows = 5;

/** Jobs that ever arrived (waiting + taken), over time, and the rate made of it. */
export interface Arrivals {
  readonly arrived: Timeline;
  /** λ, jobs/s. Kept while nothing certain is known. */
  readonly perSecond: number;
}

export const noArrivals: Arrivals = { arrived: [], perSecond: 0 };

/**
 * Takes in how many jobs had ever arrived at a moment, from a complete set of signals, and estimates the lasting rate.
 *
 * λ is a forecast: "this will go on". A burst is not, and its jobs are already counted in the backlog, so a mean over
 * the window would count them twice (600 jobs at once would be 60/s for ten seconds). So the window of max(10 s, T) is
 * cut into five, and λ is the median of the five rates: what came within two fifths of the window, however
 * much, moves it no further than the rate of the others, and so does what vanished (a purge). A lasting change counts in full
 * after three fifths; until then the backlog term carries it.
 */
export function observeArrived(
  state: Arrivals,
  observed: { readonly atMs: number; readonly jobs: number },
  targetWaitMs: number,
): Arrivals {
  const windowMs = Math.max(minWindowMs, targetWaitMs);
  const last = state.arrived.at(-1);
  // A hundred points tell a window well enough, however long it is.
  if (last !== undefined && observed.atMs - last.atMs < windowMs / 100) return state;
  const arrived = append(state.arrived, { atMs: observed.atMs, value: observed.jobs }, windowMs);
  return { arrived, perSecond: lastingRate(arrived, windowMs) };
}

function lastingRate(arrived: Timeline, windowMs: number): number {
  const endMs = arrived.at(-1)?.atMs ?? 0;
  const lengthMs = Math.min(windowMs, endMs - (arrived[0]?.atMs ?? endMs));
  if (lengthMs < minWindowMs) return 0;
  const stepMs = lengthMs / subWindows;
  const rates = Array.from({ length: subWindows }, (_, index) => {
    const untilMs = endMs - index * stepMs;
    return ((valueAt(arrived, untilMs) - valueAt(arrived, untilMs - stepMs)) * 1000) / stepMs;
  });
  const median = rates.toSorted((a, b) => a - b)[Math.floor(subWindows / 2)] ?? 0;
  return Math.max(0, median);
}
