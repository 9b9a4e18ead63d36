import type { Logger } from "pino";
import type { BrokerConnection } from "../broker/connection.ts";
import { type Lane, laneQueue } from "../contract/index.ts";
import { type CircuitBreakerOptions, createCircuitBreaker, type RunResult } from "./circuit-breaker.ts";
import { type Consumer, createConsumer } from "./consumer.ts";
import type { HeldDelivery } from "./delivery.ts";
import { createFairOrder } from "./fair-order.ts";
import { createHeldQueue, type HeldQueue } from "./held-queue.ts";
import { createPace } from "./pace.ts";
import { isImpatient, isOftenReturned, patienceMs } from "./patience.ts";
import { mayWait, type PlanFacts, wantOfLane } from "./plan.ts";
import { createTokenBucket } from "./token-bucket.ts";
import { nothing } from "./want.ts";

/** Decides which job starts when: takes deliveries of a queue and its lanes, and gives them the slots. */
export interface Intake {
  /** Takes deliveries from now on. */
  resume(): void;
  /**
   * Takes no more. Resolves when none is on its way and none waits any more, or when `resume` supersedes it. What waits
   * is started where it gets a slot within half a second, and else handed back, which the broker counts.
   */
  pause(): Promise<void>;
  /** After `pause`: resolves when every delivery is released and the broker has heard what became of it. */
  ended(): Promise<void>;
  /** Changes the rate limit, in jobs a second; null for none. */
  setRate(jobsPerSecond: number | null): void;
  /** A run ended so. To be told before its delivery is released. */
  record(result: RunResult): void;
  readonly view: IntakeView;
}

/** What an intake tells about itself. */
export interface IntakeView {
  /** Deliveries that wait for a slot. */
  readonly held: number;
  /** Jobs a second; null for no limit. */
  readonly rate: number | null;
  readonly breaker: "Closed" | "Open" | "HalfOpen";
  /** Deliveries handed back before their job began. */
  readonly handedBack: number;
  /** Deliveries beside those that run which it would take. */
  readonly extra: number;
  readonly lanes: readonly { readonly name: string | undefined; readonly held: number; readonly started: number }[];
}

export interface IntakeOptions {
  readonly connection: BrokerConnection;
  /** Resolved name of the queue. */
  readonly queue: string;
  /** Lanes besides the work queue, whose own weight is 1. */
  readonly lanes: readonly Lane[];
  /** Jobs run at once. */
  readonly slots: number;
  /** Jobs a second; undefined for no limit. */
  readonly rate: number | undefined;
  /** Undefined: no breaker. */
  readonly breaker: CircuitBreakerOptions | undefined;
  readonly log: Logger;
  /** There is a slot for this delivery; its `release` frees it. Must not throw. */
  start(delivery: HeldDelivery): void;
}

interface OpenLane {
  readonly name: string | undefined;
  /** Its weight, of that of the weightiest lane. */
  readonly share: number;
  readonly held: HeldQueue;
  readonly consumer: Consumer;
  started: number;
  /** Deliveries that had their turn, but are to wait for a moment. */
  postponed: number;
}

/** How often is looked again at what is wanted and what waits. */
const lookEveryMs = 200;

export function createIntake(options: IntakeOptions): Intake {
  const { connection, queue, slots, log } = options;
  const pace = createPace(slots, 1 + options.lanes.length);
  const bucket = createTokenBucket(options.rate, performance.now());
  const breaker = options.breaker === undefined ? undefined : createCircuitBreaker(options.breaker);
  const named = [{ name: undefined, weight: 1 }, ...options.lanes];
  const order = createFairOrder(named.map(({ weight }) => weight));
  const mostWeight = Math.max(...named.map(({ weight }) => weight));
  const lanes = named.map(({ name, weight }) => openLane(name, weight / mostWeight));
  const only = lanes.length === 1 ? lanes[0] : undefined;
  const waiters = new Set<() => void>();

  /** Postponed deliveries, whose start is counted: a counter must never fall. */
  const counted = new WeakSet<HeldDelivery>();

  let taking = false;
  let pausedAtMs: number | undefined;
  let running = 0;
  let handedBack = 0;
  /** The run that shows whether it works again, while the breaker is half open. */
  let probe: HeldDelivery | undefined;
  /** Runs to end until what is wanted is looked at for the first time: sooner than by the clock, since a lot may be there. */
  let untilFirstLook = slots * 2;
  /** Whether what is wanted depends on what waits, so that each delivery changes it. */
  let fetching = false;
  let pumping = false;
  let wake: NodeJS.Timeout | undefined;
  let look: NodeJS.Timeout | undefined;

  function openLane(name: string | undefined, share: number): OpenLane {
    const held = createHeldQueue();
    const consumer = createConsumer({
      connection,
      queue: name === undefined ? queue : laneQueue(queue, name),
      lane: name,
      log,
      onDelivery(delivery) {
        held.push(delivery);
        pace.arrived(delivery.message.content.length);
        pump();
      },
      onReleased,
      onPostponed: (delivery, waitMs) => postpone(lane, delivery, waitMs),
      onLost: () => held.purge(),
      onRoundTrip: pace.answered,
    });
    const lane: OpenLane = { name, share, held, consumer, started: 0, postponed: 0 };
    return lane;
  }

  function onReleased(delivery: HeldDelivery, ran: boolean): void {
    // Lost while it waited: it had no slot.
    if (delivery.startedAtMs === undefined) return;
    running -= 1;
    if (probe === delivery) probe = undefined;
    if (ran) {
      pace.ran(performance.now() - delivery.startedAtMs);
      untilFirstLook -= 1;
      if (untilFirstLook === 0 && taking) plan();
    } else {
      bucket.giveBack();
    }
    pump();
  }

  function postpone(lane: OpenLane, delivery: HeldDelivery, waitMs: number): boolean {
    // They take up prefetch, and so the place of jobs that could start.
    if (lanes.reduce((sum, { postponed }) => sum + postponed, 0) >= Math.ceil(slots / 2)) return false;
    if (delivery.startedAtMs === undefined) return false;
    delivery.startedAtMs = undefined;
    running -= 1;
    if (probe === delivery) probe = undefined;
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
  }

  /** Starts what can be started. */
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
    if (fetching) plan();
    if (!taking && waiters.size > 0) settlePause();
  }

  /** The lane whose job starts now, if any may. */
  function nextLane(): OpenLane | undefined {
    if (!lanes.some(mayStart)) return undefined;
    const nowMs = performance.now();
    const state = breaker?.state(nowMs) ?? "Closed";
    if (state === "Open" || (state === "HalfOpen" && probe !== undefined)) return undefined;
    if (!bucket.take(nowMs)) {
      wakeIn(bucket.waitMs(nowMs));
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
    return taking || pace.brisk || isOftenReturned(first);
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

  function wakeIn(waitMs: number): void {
    if (wake !== undefined || !Number.isFinite(waitMs)) return;
    wake = setTimeout(
      () => {
        wake = undefined;
        pump();
      },
      Math.min(Math.ceil(waitMs), 1_000),
    );
  }

  function facts(nowMs: number): PlanFacts {
    const freeSlots = slots - running;
    return {
      ...pace.measure(freeSlots),
      taking,
      breaker: breaker?.state(nowMs) ?? "Closed",
      lanes: lanes.length,
      slots,
      freeSlots,
      startableSoon: bucket.startable(nowMs, 500),
      startable: bucket.startable(nowMs, 2_000),
    };
  }

  /** Tells each lane's consumer what is wanted. */
  function plan(): void {
    const now = facts(performance.now());
    fetching = false;
    for (const lane of lanes) {
      const want = wantOfLane({ held: lane.held.size, share: lane.share }, now);
      if (want.type === "Fetch" && taking) fetching = true;
      lane.consumer.want(want);
    }
  }

  function lookAgain(): void {
    const nowMs = performance.now();
    const longestWaitMs = nowMs - Math.min(...lanes.map(({ held }) => held.first()?.arrivedAtMs ?? nowMs));
    // Nothing was free for so long: so long do jobs take, at least.
    if (longestWaitMs > patienceMs && running >= slots) pace.stoodStill(longestWaitMs);
    pump();
    plan();
    handBackSurplus(nowMs);
    if (!taking) settlePause();
  }

  /** Hands back what has waited for too long beside what may wait. */
  function handBackSurplus(nowMs: number): void {
    const now = facts(nowMs);
    // What no limit holds up starts as soon as there is a slot, so it may stay.
    const unlimited = now.breaker === "Closed" && now.startable > 0;
    const spared = (delivery: HeldDelivery) => unlimited && isOftenReturned(delivery);
    for (const { held, consumer, name } of lanes) {
      const arrivedAtMs = held.first()?.arrivedAtMs ?? nowMs;
      // A consumer that may still take something would be given the same jobs again at once.
      if (!consumer.converged || !isImpatient(arrivedAtMs, { brisk: now.brisk, pausedAtMs }, nowMs)) continue;
      const surplus = held.takeBeyond(mayWait(now), spared);
      for (const delivery of surplus) {
        if (delivery.handBack()) handedBack += 1;
        delivery.release();
      }
      if (surplus.length > 0) log.debug({ lane: name, jobs: surplus.length }, "handed back what would have waited");
    }
  }

  function heldNow(): number {
    return lanes.reduce((sum, { held, postponed }) => sum + held.size + postponed, 0);
  }

  /** Nothing is on its way any more, as far as the broker has said. */
  function quiet(): Promise<unknown> {
    return Promise.all(lanes.map(({ consumer }) => consumer.quiet()));
  }

  function settlePause(): void {
    if (heldNow() > 0) return;
    void quiet().then(() => {
      if (taking || heldNow() > 0) return;
      clearInterval(look);
      look = undefined;
      for (const done of [...waiters]) done();
    });
  }

  function watch(): void {
    look ??= setInterval(lookAgain, lookEveryMs).unref();
  }

  return {
    resume() {
      taking = true;
      pausedAtMs = undefined;
      // A pause that is under way is superseded.
      for (const done of [...waiters]) done();
      watch();
      plan();
      pump();
    },
    pause() {
      taking = false;
      fetching = false;
      pausedAtMs = performance.now();
      for (const { consumer } of lanes) consumer.want(nothing);
      return new Promise((resolve) => {
        const done = () => {
          waiters.delete(done);
          resolve();
        };
        waiters.add(done);
        watch();
        void quiet().then(lookAgain);
      });
    },
    async ended() {
      await Promise.all(lanes.map(({ consumer }) => consumer.ended()));
    },
    setRate(jobsPerSecond) {
      bucket.setRate(jobsPerSecond ?? undefined, performance.now());
      plan();
      pump();
    },
    record(result) {
      if (breaker === undefined) return;
      const nowMs = performance.now();
      if (!breaker.record(result, nowMs)) return;
      if (breaker.state(nowMs) === "Closed") {
        log.info("circuit breaker closed: jobs succeed again");
      } else {
        const pauseMs = Math.round(breaker.waitMs(nowMs));
        log.error(
          { pauseMs },
          "circuit breaker open: only failures of late; no job is started for a while, then one to try",
        );
        wakeIn(pauseMs);
      }
      plan();
    },
    view: {
      get held() {
        return heldNow();
      },
      get rate() {
        return bucket.perSecond ?? null;
      },
      get breaker() {
        return breaker?.state(performance.now()) ?? "Closed";
      },
      get handedBack() {
        return handedBack;
      },
      get extra() {
        return pace.window - slots;
      },
      get lanes() {
        return lanes.map(({ name, held, started, postponed }) => ({ name, held: held.size + postponed, started }));
      },
    },
  };
}
