import type { Timeline } from "./timeline.ts";

/** So many of the jobs that wait have waited for at least so long. */
export interface Waiting {
  readonly jobs: number;
  readonly seconds: number;
}

/**
 * How long the jobs of a backlog have waited, told from when jobs arrived: a queue is served in order, so those that wait are
 * the last that came. First those that have waited a little, then ever fewer and older.
 *
 * @param arrived jobs that ever arrived, over time. What is older than the timeline is as old as its first point.
 */
export function agesOf(arrived: Timeline, backlog: number, nowMs: number): Waiting[] {
  const last = arrived.at(-1);
  if (backlog === 0 || last === undefined) return [];
  const older = arrived.map(({ atMs, value }) => ({
    jobs: backlog - (last.value - value),
    seconds: Math.max(0, nowMs - atMs) / 1000,
  }));
  return older.filter(({ jobs }) => jobs > 0).toReversed();
}
