import type { Logger } from "pino";
import type { HeldDelivery } from "./delivery.ts";
import type { OpenLane } from "./open-lane.ts";
import { isImpatient, isOftenReturned } from "./patience.ts";
import { mayWait, type PlanFacts } from "./plan.ts";

/**
 * Hands back what has waited for too long beside what may wait.
 *
 * @param pausedAtMs undefined unless the worker is paused.
 * @returns how many were handed back.
 */
export function handBackSurplus(
  lanes: readonly OpenLane[],
  facts: PlanFacts,
  { pausedAtMs, nowMs, log }: { pausedAtMs: number | undefined; nowMs: number; log: Logger },
): number {
  // What no limit holds up starts as soon as there is a slot, so it may stay.
  const unlimited = facts.breaker === "Closed" && facts.startable > 0;
  const spared = (delivery: HeldDelivery) => unlimited && isOftenReturned(delivery);
  let handedBack = 0;
  for (const { held, consumer, name } of lanes) {
    const arrivedAtMs = held.first()?.arrivedAtMs ?? nowMs;
    // A consumer that may still take something would be given the same jobs again at once.
    if (!consumer.converged || !isImpatient(arrivedAtMs, { brisk: facts.brisk, pausedAtMs }, nowMs)) continue;
    const surplus = held.takeBeyond(mayWait(facts), spared);
    for (const delivery of surplus) {
      if (delivery.handBack()) handedBack += 1;
      delivery.release();
    }
    if (surplus.length > 0) log.debug({ lane: name, count: surplus.length }, "handed back what would have waited");
  }
  return handedBack;
}
