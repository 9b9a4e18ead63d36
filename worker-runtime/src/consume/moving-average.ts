/** An average that follows what it is told: each value counts for 1/16 and fades. */
export interface MovingAverage {
  /** Undefined before the first value. */
  readonly value: number | undefined;
  add(value: number): void;
  /** It is known to be at least this, from something that has not ended yet. */
  atLeast(value: number): void;
}

const weight = 1 / 16;

export function createMovingAverage(): MovingAverage {
  let average: number | undefined;
  return {
    get value() {
      return average;
    },
    add(value) {
      average = average === undefined ? value : average + (value - average) * weight;
    },
    atLeast(value) {
      average = Math.max(average ?? 0, value);
    },
  };
}
