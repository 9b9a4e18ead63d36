import { quantile } from "../harness/statistics.ts";

/** How a trace went for a subject. Counts are means where several seeds were run. */
export interface Outcome {
  readonly jobs: number;
  /** Jobs neither done nor dead-lettered in the end. */
  readonly lost: number;
  /** Runs beyond those that the jobs themselves ask for. */
  readonly repeated: number;
  /** Those of them that broke off because a pod with work was deleted. */
  readonly brokenOff: number;
  /** From the trace's first job to its first start. */
  readonly firstStartMs: number;
  /** From the trace's first job to the end of the last. */
  readonly drainMs: number;
  /** From enqueued to first start. */
  readonly waitP50Ms: number;
  readonly waitP95Ms: number;
  readonly waitMaxMs: number;
  /** The time that pods existed, until the last job ended. */
  readonly podSeconds: number;
  /** The same until no pod was left (or 15 min had gone by). */
  readonly podSecondsToZero: number;
  /** Pods that stayed. */
  readonly podsLeft: number;
  readonly replicaChanges: number;
}

/** The waits' part of an outcome. */
export function waitsOf(waitsMs: readonly number[]): Pick<Outcome, "waitP50Ms" | "waitP95Ms" | "waitMaxMs"> {
  const sorted = waitsMs.toSorted((a, b) => a - b);
  return { waitP50Ms: quantile(sorted, 0.5), waitP95Ms: quantile(sorted, 0.95), waitMaxMs: sorted.at(-1) ?? 0 };
}

/** The mean of each figure over several runs. */
export function meanOf(outcomes: readonly [Outcome, ...Outcome[]]): Outcome {
  const mean = (figure: keyof Outcome) => outcomes.reduce((sum, outcome) => sum + outcome[figure], 0) / outcomes.length;
  const names = Object.keys(outcomes[0]) as (keyof Outcome)[];
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as Outcome;
}
