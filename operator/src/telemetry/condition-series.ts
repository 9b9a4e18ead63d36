import type { Condition } from "../kube/index.ts";
import type { Labels } from "./at-scrape.ts";

/** Beside those that name the object. */
export const conditionLabels = ["type", "reason"];

/** Each condition of an object: 1 while it is True, else 0. */
export function* conditionSeries(
  object: Labels,
  conditions: readonly Condition[] = [],
): Iterable<readonly [Labels, number]> {
  for (const { type, status, reason } of conditions) yield [{ ...object, type, reason }, Number(status === "True")];
}
