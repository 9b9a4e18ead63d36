import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { HeldDelivery } from "./delivery.ts";
import { createFairOrder } from "./fair-order.ts";
import type { OpenLane } from "./open-lane.ts";
import type { Pace } from "./pace.ts";
import { isOftenReturned } from "./patience.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Gives the slots to deliveries that wait, as lanes, rate limit and circuit breaker have it. */
export interface Starts {
  /** Slots with a job in them. */
  readonly running: number;
  /** The lanes by their turn, as indexes. */
  turns(): number[];
  /** Starts what can be started. */
  pump(): void;
  /** Pumps after so long, or after a second if that is sooner. */
  pumpIn(waitMs: number): void;
  /**
   * A delivery is over.
   *
   * @param ran false if its job was not begun.
   * @returns false if it had no slot: it was lost while it waited.
   */
  release(delivery: HeldDelivery, ran: boolean): boolean;
  /** A delivery gives its slot back and is started once more after `waitMs`. @returns false if too many wait already. */
  postpone(lane: OpenLane, delivery: HeldDelivery, waitMs: number): boolean;
}

export interface StartsOptions {
  /** The lanes, and the weight of each. */
  readonly lanes: readonly OpenLane[];
  readonly weights: readonly number[];
  readonly slots: number;
  readonly pace: Pick<Pace, "brisk" | "ran">;
  readonly bucket: TokenBucket;
  readonly breaker: CircuitBreaker | undefined;
  /** Whether the worker takes jobs; false while it is paused. */
  taking(): boolean;
  /** There is a slot for this delivery. Must not throw. */
  start(delivery: HeldDelivery): void;
  /** All that can start has started. */
  onPumped(): void;
}

const longestPumpWaitMs = 1_000;

export function createStarts(options: StartsOptions): Starts {
  const { lanes, slots, pace, bucket, breaker } = options;
  const order = createFairOrder(options.weights);
  const only = lanes.length === 1 ? lanes[0] : undefined;
  /** Postponed deliveries, whose start is counted: a counter must never fall. */
  const counted = new WeakSet<HeldDelivery>();
  let running = 0;
  /** The run that shows whether it works again, while the breaker is half open. */
  let probe: HeldDelivery | undefined;
  let pumping = false;
  let wake: NodeJS.Timeout | undefined;

  function pump(): void {
    // A job may end while it is being started.
    if (pumping) return;
    pumping = true;
    while (running < slots) {
      const lane = nextLane();
      if (lane === undefined) break;
      startFirst(lane);
    }
    pumping = false;
    options.onPumped();
  }

  /** The lane whose job starts now, if any may. */
  function nextLane(): OpenLane | undefined {
    if (!lanes.some(mayStart)) return undefined;
    const nowMs = performance.now();
    const state = breaker?.state(nowMs) ?? "Closed";
    if (state === "Open" || (state === "HalfOpen" && probe !== undefined)) return undefined;
    if (!bucket.take(nowMs)) {
      pumpIn(bucket.waitMs(nowMs));
      return undefined;
    }
    if (only !== undefined) return only;
    const index = order.next((each) => {
      const lane = lanes[each];
      return lane !== undefined && mayStart(lane);
    });
    return index === undefined ? undefined : lanes[index];
  }

  /** Whether a lane has a job that waits only for a slot. A paused worker begins nothing long: that would keep it from draining. */
  function mayStart({ held }: OpenLane): boolean {
    const first = held.first();
    if (first === undefined) return false;
    return options.taking() || pace.brisk || isOftenReturned(first);
  }

  function startFirst(lane: OpenLane): void {
    const delivery = lane.held.shift();
    if (delivery === undefined) return;
    const nowMs = performance.now();
    if (breaker?.state(nowMs) === "HalfOpen") probe = delivery;
    running += 1;
    if (!counted.delete(delivery)) lane.started += 1;
    delivery.startedAtMs = nowMs;
    options.start(delivery);
  }

  function pumpIn(waitMs: number): void {
    if (wake !== undefined || !Number.isFinite(waitMs)) return;
    wake = setTimeout(
      () => {
        wake = undefined;
        pump();
      },
      Math.min(Math.ceil(waitMs), longestPumpWaitMs),
    );
  }

  function freeSlotOf(delivery: HeldDelivery): void {
    running -= 1;
    if (probe === delivery) probe = undefined;
  }

  return {
    get running() {
      return running;
    },
    turns: order.turns,
    pump,
    pumpIn,
    release(delivery, ran) {
      if (delivery.startedAtMs === undefined) return false;
      freeSlotOf(delivery);
      if (ran) pace.ran(performance.now() - delivery.startedAtMs);
      else bucket.giveBack();
      return true;
    },
    postpone(lane, delivery, waitMs) {
      // They take up prefetch, and so the place of jobs that could start.
      if (lanes.reduce((sum, { postponed }) => sum + postponed, 0) >= Math.ceil(slots / 2)) return false;
      if (delivery.startedAtMs === undefined) return false;
      delivery.startedAtMs = undefined;
      freeSlotOf(delivery);
      bucket.giveBack();
      counted.add(delivery);
      lane.postponed += 1;
      setTimeout(() => {
        lane.postponed -= 1;
        lane.held.unshift(delivery);
        pump();
      }, Math.ceil(waitMs));
      // Not at once: whoever postpones it is not done yet.
      setImmediate(pump);
      return true;
    },
  };
}
