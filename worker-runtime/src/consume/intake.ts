import type { Logger } from "pino";
import type { BrokerConnection } from "../broker/connection.ts";
import { type Lane, returnsLane } from "../contract/index.ts";
import { createAsking } from "./asking.ts";
import { type CircuitBreakerOptions, createCircuitBreaker, type RunResult } from "./circuit-breaker.ts";
import type { HeldDelivery } from "./delivery.ts";
import { handBackSurplus } from "./hand-back.ts";
import { heldIn, openLane } from "./open-lane.ts";
import { createPace } from "./pace.ts";
import { patienceMs } from "./patience.ts";
import { type PlanFacts, wantOfLane } from "./plan.ts";
import { createStarts } from "./starts.ts";
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
  /** What comes back has a queue of its own, whose weight is 1. */
  readonly bounded: boolean;
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

/** How often is looked again at what is wanted and what waits. */
const lookEveryMs = 200;

export function createIntake(options: IntakeOptions): Intake {
  const { connection, queue, slots, log } = options;
  const returning = options.bounded ? [{ name: returnsLane, weight: 1 }] : [];
  const named = [{ name: undefined, weight: 1 }, ...options.lanes, ...returning];
  const pace = createPace(slots, named.length);
  const bucket = createTokenBucket(options.rate, performance.now());
  const breaker = options.breaker === undefined ? undefined : createCircuitBreaker(options.breaker);
  const weights = named.map(({ weight }) => weight);
  const mostWeight = Math.max(...weights);
  const waiters = new Set<() => void>();

  let taking = false;
  let pausedAtMs: number | undefined;
  let handedBack = 0;
  /** Runs to end until what is wanted is looked at for the first time: sooner than by the clock, since a lot may be there. */
  let untilFirstLook = slots * 2;
  /** Whether what is wanted depends on what waits, so that each delivery changes it. */
  let fetching = false;
  let look: NodeJS.Timeout | undefined;

  const lanes = named.map(({ name, weight }) =>
    openLane({
      ...{ connection, queue, name, log },
      share: weight / mostWeight,
      onDelivery(delivery) {
        pace.arrived(delivery.message.content.length);
        starts.pump();
      },
      onReleased,
      onPostponed: (lane, delivery, waitMs) => starts.postpone(lane, delivery, waitMs),
      onRoundTrip: pace.answered,
    }),
  );
  const asking = createAsking(lanes.length, plan);
  const starts = createStarts({
    ...{ lanes, weights, slots, pace, bucket, breaker },
    taking: () => taking,
    start: options.start,
    onPumped() {
      if (fetching) plan();
      if (!taking && waiters.size > 0) settlePause();
    },
  });

  function onReleased(delivery: HeldDelivery, ran: boolean): void {
    if (!starts.release(delivery, ran)) return;
    if (ran) {
      untilFirstLook -= 1;
      if (untilFirstLook === 0 && taking) plan();
    }
    starts.pump();
  }

  function facts(nowMs: number): PlanFacts {
    const freeSlots = slots - starts.running;
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
    const nowMs = performance.now();
    const now = facts(nowMs);
    const asked = asking.lanes(pace.long && taking ? now.freeSlots : 0, nowMs);
    const notAsked = new Set(pace.long ? starts.turns().slice(asked) : []);
    fetching = false;
    for (const [index, lane] of lanes.entries()) {
      const want = wantOfLane({ held: lane.held.size, share: lane.share, asked: !notAsked.has(index) }, now);
      if (want.type === "Fetch" && taking) fetching = true;
      lane.consumer.want(want);
    }
  }

  function lookAgain(): void {
    const nowMs = performance.now();
    const longestWaitMs = nowMs - Math.min(...lanes.map(({ held }) => held.first()?.arrivedAtMs ?? nowMs));
    // Nothing was free for so long: so long do jobs take, at least.
    if (longestWaitMs > patienceMs && starts.running >= slots) pace.stoodStill(longestWaitMs);
    starts.pump();
    plan();
    handedBack += handBackSurplus(lanes, facts(nowMs), { pausedAtMs, nowMs, log });
    if (!taking) settlePause();
  }

  /** Nothing is on its way any more, as far as the broker has said. */
  function quiet(): Promise<unknown> {
    return Promise.all(lanes.map(({ consumer }) => consumer.quiet()));
  }

  function settlePause(): void {
    if (heldIn(lanes) > 0) return;
    void quiet().then(() => {
      if (taking || heldIn(lanes) > 0) return;
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
      starts.pump();
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
      starts.pump();
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
        starts.pumpIn(pauseMs);
      }
      plan();
    },
    view: {
      get held() {
        return heldIn(lanes);
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
