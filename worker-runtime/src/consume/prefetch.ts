/** What is known of the jobs and the broker. */
export interface Flow {
  /** Jobs run at once. */
  readonly slots: number;
  /** How long a job keeps its slot, in ms; undefined before the first has ended. */
  readonly serviceMs: number | undefined;
  /** From telling the broker that a job is done to the next one's arrival, in ms. */
  readonly roundTripMs: number;
  /** Size of a body, in bytes. */
  readonly messageBytes: number;
}

/** What waits in a worker may keep its slots busy for this long: it is what others cannot take, and what a crash hands back. */
const heldWorkMs = 100;
/** Bodies that wait may need so much memory. */
const heldBytes = 8 * 2 ** 20;
const mostExtra = 500;
/** The round trip is measured with an idle consumer; under load it takes longer. */
const roundTrips = 2;

/**
 * How many deliveries to take beside those that run.
 *
 * While a round trip lasts, the slots finish slots × roundTrip / service jobs; with so many at hand they never wait for
 * the broker (Little's law). Never more than keeps the slots busy for 100 ms: so short jobs get plenty, and long ones
 * none, since a job that waits here is one that no other worker can take.
 */
export function extraPrefetch({ slots, serviceMs, roundTripMs, messageBytes }: Flow): number {
  if (serviceMs === undefined) return 0;
  const perMs = slots / Math.max(serviceMs, 0.01);
  const enough = Math.ceil(perMs * roundTripMs * roundTrips);
  const bounds = [perMs * heldWorkMs, heldBytes / Math.max(1, messageBytes), mostExtra];
  return Math.floor(Math.min(enough, ...bounds));
}

/** Jobs so short that a few too many held for a moment do not matter. */
export function isBrisk(serviceMs: number | undefined): boolean {
  return serviceMs !== undefined && serviceMs <= 50;
}

/**
 * With several lanes, whether each may take as many deliveries as if it were alone: only if all that then waits is
 * started within 500 ms. Else each lane only keeps some candidates at hand.
 *
 * @param already whether they do; it takes twice as much to end it, so that it does not change to and fro.
 */
export function lanesMayHold(lanes: number, { slots, serviceMs }: Flow, extra: number, already: boolean): boolean {
  if (serviceMs === undefined) return false;
  return (lanes * (slots + extra) * serviceMs) / slots <= (already ? 1_000 : 500);
}

/** Longer jobs keep nothing at hand behind them, unless slots become free more often than this. */
const long = { serviceMs: 5_000, turnoverMs: 200 };

/** Jobs behind which none is to wait: other workers may be idle, or to be had. It costs them the time to fetch the next one. */
export function areLong({ slots, serviceMs }: Pick<Flow, "slots" | "serviceMs">): boolean {
  return serviceMs !== undefined && serviceMs > long.serviceMs && serviceMs / slots > long.turnoverMs;
}

/**
 * How many candidates a lane keeps at hand where it may not hold more: those that start until others have come. Of long jobs
 * none, but for slots that are free.
 */
export function laneCandidates(flow: Flow, freeSlots: number, lanes: number): number {
  if (freeSlots === 0 && areLong(flow)) return 0;
  const { slots, serviceMs, roundTripMs } = flow;
  // To fetch takes five round trips: a channel is opened, told its prefetch, consumed, cancelled and closed.
  const meanwhile = serviceMs === undefined ? 0 : Math.ceil((slots * 5 * roundTripMs) / serviceMs);
  return Math.max(1, Math.min(slots, meanwhile), Math.ceil(freeSlots / lanes));
}

/** Whether a window of deliveries is so far from what is wanted that it is worth changing: consumers are added or cancelled for it. */
export function worthChanging(present: number, wanted: number, slots: number): boolean {
  if (wanted === present) return false;
  // Long jobs are not to be hoarded at all.
  return wanted >= present * 1.5 || wanted <= present / 2 || wanted === slots;
}
