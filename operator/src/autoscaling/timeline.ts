/** A value at a moment. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** Points in order of time, at least one. Between two, the value is taken to have moved evenly. */
export type Timeline = readonly Point[];

/** Adds a point and forgets those that are not needed to tell any value of the last `keepMs`. Late points are ignored. */
export function append(timeline: Timeline, point: Point, keepMs: number): Timeline {
  const last = timeline.at(-1);
  if (last !== undefined && point.atMs <= last.atMs) return timeline;
  const firstKept = timeline.findLastIndex(({ atMs }) => atMs <= point.atMs - keepMs);
  return [...timeline.slice(Math.max(0, firstKept)), point];
}

/** The value at a moment; before the first point the first value, after the last the last; 0 where there are none. */
export function valueAt(timeline: Timeline, atMs: number): number {
  const index = timeline.findLastIndex((point) => point.atMs <= atMs);
  const before = timeline[index];
  const after = timeline[index + 1];
  if (before === undefined) return after?.value ?? 0;
  if (after === undefined) return before.value;
  return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
}
