import { setTimeout as sleep } from "node:timers/promises";
import type { Difference } from "./diff.ts";
import type { BrokerFeatures } from "./features.ts";

/** Consumers were told within 50 ms of a deletion (seen on 3.10.8). */
const heardAfterMs = 1_000;

/**
 * Waits before queues that somebody has deleted are made anew, where the broker tells consumers of a deletion only after a
 * moment: if the queue is there again by then it does not tell them, and they would wait for ever for jobs of the old one.
 */
export async function untilDeletionsAreHeard(
  { tellsDeletionLate }: Pick<BrokerFeatures, "tellsDeletionLate">,
  differences: readonly Difference[],
): Promise<void> {
  if (tellsDeletionLate && differences.some(({ kind }) => kind === "queue")) await sleep(heardAfterMs);
}
