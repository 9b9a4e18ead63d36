/** Chooses among lanes by weight: over any stretch in which all have work, each gets its share of the starts. */
export interface FairOrder {
  /**
   * The lane whose job starts next, or undefined if none has one.
   *
   * @param hasWork whether lane number `index` has a job that could start.
   */
  next(hasWork: (index: number) => boolean): number | undefined;
  /** All lanes by their turn: first the one that would be next if each had work. */
  turns(): number[];
}

/**
 * Stride scheduling (Waldspurger and Weihl, 1995). Each lane has a position that advances by 1 / weight for each of its
 * jobs; the hindmost lane with work is next. A lane that was idle is moved up to one job behind the others, so that it
 * gets no credit for the time in which it wanted nothing, and no lane waits for it to catch up. The one job is for lanes
 * that are not idle: their next one may just be on its way from the broker.
 *
 * @param weights positive, one a lane. Of two lanes in one place the earlier goes first.
 */
export function createFairOrder(weights: readonly number[]): FairOrder {
  const lanes = weights.map((weight) => ({ stride: 1 / weight, position: 0 }));
  /** How far the lanes have come: where the one that started last was, or one before it. */
  let present = 0;

  const positionOf = ({ position, stride }: { position: number; stride: number }) =>
    Math.max(position, present - stride);

  return {
    turns() {
      const positions = lanes.map(positionOf);
      return positions.map((_, index) => index).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
    },
    next(hasWork) {
      let chosen: number | undefined;
      let hindmost = Number.POSITIVE_INFINITY;
      for (const [index, lane] of lanes.entries()) {
        if (!hasWork(index)) continue;
        const position = positionOf(lane);
        if (position < hindmost) {
          chosen = index;
          hindmost = position;
        }
      }
      const lane = chosen === undefined ? undefined : lanes[chosen];
      if (lane === undefined) return undefined;
      present = Math.max(present, hindmost);
      lane.position = hindmost + lane.stride;
      return chosen;
    },
  };
}
