import type { HeldDelivery } from "./delivery.ts";

/** What waits for longer, beside what may wait, is handed back: the slots are taken by something long. */
export const patienceMs = 1_000;
/** How long a paused worker goes on starting short jobs that wait. */
const pausedPatienceMs = 500;
/** A delivery that has come back so often is kept rather than handed back again: the delivery limit is 20 by default. */
const oftenReturned = 10;

/**
 * Whether what waits beside what may wait has done so for too long.
 *
 * @param pausedAtMs undefined unless the worker is paused, which leaves no time to long jobs.
 */
export function isImpatient(
  arrivedAtMs: number,
  { brisk, pausedAtMs }: { brisk: boolean; pausedAtMs: number | undefined },
  nowMs: number,
): boolean {
  if (pausedAtMs === undefined) return nowMs - arrivedAtMs >= patienceMs;
  return nowMs - Math.max(arrivedAtMs, pausedAtMs) >= (brisk ? pausedPatienceMs : 0);
}

/** Whether a delivery has come back to its quorum queue so often that it had better be run than handed back once more. */
export function isOftenReturned({ message }: Pick<HeldDelivery, "message">): boolean {
  const count: unknown = message.properties.headers?.["x-delivery-count"];
  return typeof count === "number" && count >= oftenReturned;
}
