import { seededRandom } from "../crash/random.ts";

/**
 * Delays in whole seconds from `shortest` to `longest`: every edge of the fabric's levels (2ⁿ − 1, 2ⁿ, 2ⁿ + 1), and for the rest as
 * many minutes as hours (evenly spread over the logarithm), so that each level gets its share.
 */
export function planDelays(jobs: number, shortest: number, longest: number, seed: number): number[] {
  const random = seededRandom(seed);
  const edges: number[] = [];
  for (let power = 1; power <= longest; power *= 2) edges.push(power - 1, power, power + 1);
  const fitting = edges.filter((seconds) => seconds >= shortest && seconds <= longest);
  return Array.from(
    { length: jobs },
    (_, index) => fitting[index] ?? Math.round(shortest * (longest / shortest) ** random()),
  );
}
