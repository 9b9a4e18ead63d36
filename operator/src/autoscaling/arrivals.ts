import { append, type Timeline, valueAt } from "./timeline.ts";

/** A rate needs at least this much history; so a new leader starts with λ = 0. */
const leastMs = 10_000;

/** Windows of which the longest counts that tells the same as the shortest. */
const windowsMs = [120_000, 60_000, 30_000, 20_000];

/** However long a run takes, a change is to be seen after this. */
const longestFirstLookMs = 60_000;

/** Parts of a window of which the median counts. */
const parts = 5;

/** The standard deviation of a median of five is so many times that of the mean of all (normal distribution). */
const medianSpread = 1.2;

/** What chance may do, in standard deviations. To have too few workers is worse than too many. */
const chance = { more: 2, less: 2.5 };

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
 * a window would count them twice (600 jobs at once would be 60/s for ten seconds). So a window is cut into five, and λ is the
 * median of the five rates: what came within two fifths of the window, however much, moves it no further than the rate of the
 * others, and so does what vanished (a purge).
 *
 * Ten seconds of arrivals at random tell little (4/s look like 3 or 5), and two minutes tell much, but late. So the
 * window is the longest that does not contradict the shortest by more than chance explains (after ADWIN, Bifet and Gavaldà
 * 2007; of a Poisson process, a count of n varies by √n). A lasting change contradicts all long windows, and counts in full
 * after three fifths of the shortest; until then the backlog carries it.
 *
 * @param shortestMs how soon a change matters; 10 s to 60 s are heeded.
 */
export function observeArrived(
  state: Arrivals,
  observed: { readonly atMs: number; readonly jobs: number },
  shortestMs: number,
): Arrivals {
  const arrived = append(state.arrived, { atMs: observed.atMs, value: observed.jobs }, windowsMs[0] ?? leastMs);
  if (arrived === state.arrived) return state;
  return { arrived, perSecond: lastingRate(arrived, Math.min(Math.max(leastMs, shortestMs), longestFirstLookMs)) };
}

function lastingRate(arrived: Timeline, wishedMs: number): number {
  const endMs = arrived.at(-1)?.atMs ?? 0;
  const knownMs = endMs - (arrived[0]?.atMs ?? endMs);
  if (knownMs < leastMs) return 0;
  const shortestMs = Math.min(wishedMs, knownMs);
  const shortest = medianRate(arrived, endMs, shortestMs);
  const longest = windowsMs
    .filter((windowMs) => windowMs <= knownMs && windowMs > shortestMs)
    .map((windowMs) => medianRate(arrived, endMs, windowMs))
    .find((rate) => {
      const deviation = medianSpread * Math.sqrt((rate * 1000) / shortestMs);
      return shortest <= rate + chance.more * deviation && shortest >= rate - chance.less * deviation;
    });
  return longest ?? shortest;
}

function medianRate(arrived: Timeline, endMs: number, windowMs: number): number {
  const stepMs = windowMs / parts;
  const rates = Array.from({ length: parts }, (_, index) => {
    const untilMs = endMs - index * stepMs;
    return ((valueAt(arrived, untilMs) - valueAt(arrived, untilMs - stepMs)) * 1000) / stepMs;
  });
  const median = rates.toSorted((a, b) => a - b)[Math.floor(parts / 2)] ?? 0;
  return Math.max(0, median);
}
