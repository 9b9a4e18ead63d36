import { createMovingAverage } from "./moving-average.ts";
import type { PlanFacts } from "./plan.ts";
import { areLong, extraPrefetch, isBrisk, laneCandidates, lanesMayHold, worthChanging } from "./prefetch.ts";

/** What is measured of jobs and broker, and how much may be taken ahead by it. */
export interface Pace {
  /** A job kept its slot for so long. */
  ran(ms: number): void;
  /** No slot became free for so long: jobs take at least that. */
  stoodStill(ms: number): void;
  /** A delivery came, with so large a body. */
  arrived(bytes: number): void;
  /** The broker needed so long to answer. */
  answered(ms: number): void;
  /** See isBrisk. */
  readonly brisk: boolean;
  /** Unsettled deliveries that a lane may have where jobs start as they come; changes only when it is worth it. */
  readonly window: number;
  /** Looks again at what all this amounts to. */
  measure(freeSlots: number): Pick<PlanFacts, "extra" | "window" | "brisk" | "laneWindows" | "candidates">;
  /** See areLong. */
  readonly long: boolean;
}

/** A broker on the same machine answers faster when idle; under load none does. */
const leastRoundTripMs = 2;

export function createPace(slots: number, lanes: number): Pace {
  const service = createMovingAverage();
  const roundTrip = createMovingAverage();
  const size = createMovingAverage();
  let window = slots;
  let laneWindows = false;

  return {
    ran: service.add,
    stoodStill: service.atLeast,
    arrived: size.add,
    answered: roundTrip.add,
    get brisk() {
      return isBrisk(service.value);
    },
    get long() {
      return areLong({ slots, serviceMs: service.value });
    },
    get window() {
      return window;
    },
    measure(freeSlots) {
      const flow = {
        slots,
        serviceMs: service.value,
        roundTripMs: Math.max(leastRoundTripMs, roundTrip.value ?? 0),
        messageBytes: size.value ?? 0,
      };
      const extra = extraPrefetch(flow);
      if (worthChanging(window, slots + extra, slots)) window = slots + extra;
      laneWindows = lanesMayHold(lanes, flow, extra, laneWindows);
      const candidates = laneCandidates(flow, freeSlots, lanes);
      return { extra, window, brisk: isBrisk(service.value), laneWindows, candidates };
    },
  };
}
