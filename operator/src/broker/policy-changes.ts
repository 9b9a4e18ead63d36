import type { Management } from "./management.ts";

/** By client: the change of a policy that is under way, or the last one. */
const latest = new WeakMap<Management, Promise<unknown>>();

/**
 * Makes one change of a policy after the other. The broker matches every queue with every policy for each: eight at once are done
 * no sooner than one by one, but each takes eight times as long, and among hundreds of policies longer than a call may take.
 */
export function changePolicy(management: Management, change: () => Promise<void>): Promise<void> {
  const mine = (latest.get(management) ?? Promise.resolve()).then(change);
  latest.set(
    management,
    mine.catch(() => {}),
  );
  return mine;
}
