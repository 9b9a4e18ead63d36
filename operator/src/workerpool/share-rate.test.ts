import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Outstanding, type RateWorker, shareRate } from "./share-rate.ts";

const none: ReadonlyMap<string, Outstanding> = new Map();
const worker = (pod: string, reported: number | null, taking = true): RateWorker => ({ pod, reported, taking });
const rates = (send: readonly { pod: string; rate: number }[]) =>
  Object.fromEntries(send.map(({ pod, rate }) => [pod, Number(rate.toFixed(6))]));

describe("shareRate", () => {
  test("gives the only worker the whole limit, and two of them half of it each", () => {
    const one = shareRate({ limit: 10, shares: 5, workers: [worker("a", 2)], unheard: 0, outstanding: none });
    expect(rates(one.send)).toEqual({ a: 10 });
    const two = { limit: 10, shares: 5, unheard: 0, outstanding: none };
    expect(shareRate({ ...two, workers: [worker("a", 5), worker("b", 5)] }).send).toEqual([]);
  });

  test("lowers first, and raises when the lower rate was heard", () => {
    const input = { limit: 10, shares: 5, unheard: 0 };
    const first = shareRate({ ...input, workers: [worker("a", 10), worker("b", 2)], outstanding: none });
    expect(rates(first.send)).toEqual({ a: 5 });
    const second = shareRate({
      ...input,
      workers: [worker("a", 5), worker("b", 2)],
      outstanding: first.outstanding,
    });
    expect(rates(second.send)).toEqual({ b: 5 });
  });

  test("keeps a part for each worker that is yet to be heard", () => {
    const { send } = shareRate({ limit: 10, shares: 5, workers: [worker("a", 10)], unheard: 2, outstanding: none });
    expect(rates(send)).toEqual({ a: 6 });
  });

  test("repeats a command until it is heard to be followed, and counts what it may have done", () => {
    const input = { limit: 10, shares: 5, workers: [worker("a", 2)], unheard: 0 };
    const first = shareRate({ ...input, outstanding: none });
    const again = shareRate({ ...input, outstanding: first.outstanding });
    expect(rates(again.send)).toEqual({ a: 10 });
    const joined = shareRate({ ...input, workers: [worker("a", 2), worker("b", 2)], outstanding: again.outstanding });
    // The first may have its 10 by now, so there is nothing to give to the second.
    expect(rates(joined.send)).toEqual({ a: 5 });
    const still = shareRate({ ...input, workers: [worker("a", 2), worker("b", 2)], outstanding: joined.outstanding });
    expect(rates(still.send)).toEqual({ a: 5 });
  });

  test("takes the share of a worker that takes no more jobs, and gives it none", () => {
    const input = { limit: 10, shares: 5, unheard: 0 };
    const first = shareRate({ ...input, workers: [worker("a", 5, false), worker("b", 5)], outstanding: none });
    expect(rates(first.send)).toEqual({ a: 0 });
    const second = shareRate({
      ...input,
      workers: [worker("a", 0, false), worker("b", 5)],
      outstanding: first.outstanding,
    });
    expect(rates(second.send)).toEqual({ b: 10 });
  });

  test("limits a worker that has no limit yet", () => {
    const { send } = shareRate({
      ...{ limit: 10, shares: 5, unheard: 0, outstanding: none },
      workers: [worker("a", null), worker("b", 2)],
    });
    expect(rates(send)).toEqual({ a: 5 });
  });

  test("never lets the rates add up to more than the limit, whatever is lost or late, and ends with equal shares", () => {
    const pod = fc.nat(shares - 1);
    const what = fc.constantFrom(...(Object.keys(events) as (keyof typeof events)[]));
    fc.assert(
      fc.property(fc.array(fc.record({ what, pod }), { maxLength: 150 }), (happened) => {
        const fleet = startSimulation();
        for (const { what, pod } of happened) {
          events[what](fleet, pod);
          fleet.step();
          expect(fleet.sum()).toBeLessThanOrEqual(limit * (1 + 1e-9));
        }
        for (let round = 0; round < 60; round += 1) {
          for (const pod of fleet.pods.keys()) {
            for (const _ of fleet.pods.get(pod)?.inbox.slice() ?? []) events.deliver(fleet, pod);
            events.heard(fleet, pod);
          }
          fleet.step();
          expect(fleet.sum()).toBeLessThanOrEqual(limit * (1 + 1e-9));
        }
        const taking = [...fleet.pods.values()].filter(({ cordoned }) => !cordoned);
        const free = (fleet.pods.size * limit) / shares;
        for (const { rate } of taking) expect(rate).toBeCloseTo(free / taking.length, 3);
      }),
      { numRuns: 500 },
    );
  });
});

const limit = 10;
// Few, so that much happens to each.
const shares = 3;

interface Simulated {
  rate: number;
  reported: number | undefined;
  cordoned: boolean;
  readonly inbox: number[];
}

/** Workers as they really are, and what the operator does about them from what it has heard. */
function startSimulation() {
  const pods = new Map<number, Simulated>();
  let outstanding = none;
  return {
    pods,
    sum: () => [...pods.values()].reduce((total, { rate }) => total + rate, 0),
    forget() {
      outstanding = none;
    },
    step() {
      const heard = [...pods].filter(([, { reported }]) => reported !== undefined);
      const result = shareRate({
        ...{ limit, shares, outstanding },
        workers: heard.map(([pod, one]) => worker(String(pod), one.reported ?? 0, !one.cordoned)),
        // Pods that are not there yet may start at any moment.
        unheard: shares - heard.length,
      });
      outstanding = result.outstanding;
      for (const { pod, rate } of result.send) pods.get(Number(pod))?.inbox.push(rate);
    },
  };
}

type Simulation = ReturnType<typeof startSimulation>;

function change(apply: (one: Simulated) => void) {
  return ({ pods }: Simulation, pod: number) => {
    const one = pods.get(pod);
    if (one !== undefined) apply(one);
  };
}

const events = {
  start({ pods }: Simulation, pod: number) {
    if (!pods.has(pod)) pods.set(pod, { rate: limit / shares, reported: undefined, cordoned: false, inbox: [] });
  },
  gone: ({ pods }: Simulation, pod: number) => void pods.delete(pod),
  heard: change((one) => {
    one.reported = one.rate;
  }),
  deliver: change((one) => {
    one.rate = one.inbox.shift() ?? one.rate;
  }),
  lose: change((one) => void one.inbox.shift()),
  cordon: change((one) => {
    one.cordoned = true;
  }),
  uncordon: change((one) => {
    one.cordoned = false;
  }),
  /** What the old one sent has come or is lost by the time that the new one leads. */
  newOperator(fleet: Simulation) {
    fleet.forget();
    for (const { inbox } of fleet.pods.values()) inbox.length = 0;
  },
};
