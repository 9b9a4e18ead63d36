import type { ScalingFigures } from "../harness/scaling-figures.ts";

/** How a trace went for a subject. Counts are means where several seeds were run. */
export interface Outcome extends ScalingFigures {
  /** Those of the repeated runs that broke off because a pod with work was deleted. */
  readonly brokenOff: number;
  /** The time that pods existed until none was left (or 15 min had gone by). */
  readonly podSecondsToZero: number;
  /** Pods that stayed. */
  readonly podsLeft: number;
}

/** The mean of each figure over several runs. */
export function meanOf(outcomes: readonly [Outcome, ...Outcome[]]): Outcome {
  const mean = (figure: keyof Outcome) => outcomes.reduce((sum, outcome) => sum + outcome[figure], 0) / outcomes.length;
  const names = Object.keys(outcomes[0]) as (keyof Outcome)[];
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as Outcome;
}
