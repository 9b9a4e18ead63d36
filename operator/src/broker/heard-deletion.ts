import { setTimeout as sleep } from "node:timers/promises";
import type { Difference } from "./diff.ts";
import type { BrokerFeatures } from "./features.ts";

/** Consumers were told within 50 ms of a deletion (seen on 3.10.8). */
const heardAfterMs = 1_000;

/**
 * Whether consumers are yet to be told of queues that somebody has deleted: if such a queue is there again by then the broker
 * does not tell them, and they would wait for ever for jobs of the old one.
 */
export function tellsLate(
  { tellsDeletionLate }: Pick<BrokerFeatures, "tellsDeletionLate">,
  differences: readonly Difference[],
): boolean {
  return tellsDeletionLate && differences.some(({ kind }) => kind === "queue");
}

/** Waits until a broker that tells late has told. */
export async function deletionsAreHeard(): Promise<void> {
  await sleep(heardAfterMs);
}
