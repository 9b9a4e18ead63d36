/** The longest run that was seen to end. */
export interface LongestRun {
  readonly seconds: number;
  /** When it ended, ms since the Unix epoch. */
  readonly atMs: number;
}

const halfLifeMs = 86_400_000;

/**
 * How long runs take at most, as far as was seen; 0 where none was. What was seen counts half with each day since: one job of 4 h
 * says nothing of the jobs of next week, and one each night is not forgotten by the next. By whole days: a run is noted where it is
 * longer than what still counts, and a status keeps what is noted, which is not to be written anew all the time.
 */
export function longestRunSeconds(longest: LongestRun | undefined, nowMs: number): number {
  if (longest === undefined) return 0;
  return longest.seconds / 2 ** Math.max(0, Math.floor((nowMs - longest.atMs) / halfLifeMs));
}

/** Takes in a run that has ended. */
export function noteRun(longest: LongestRun | undefined, run: LongestRun): LongestRun | undefined {
  return run.seconds > longestRunSeconds(longest, run.atMs) ? run : longest;
}
