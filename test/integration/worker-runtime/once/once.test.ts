import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AlreadyRunning,
  createOnce,
  LeaseLost,
  type OnceStore,
  ResultNotStorable,
  StoreUnavailable,
} from "../../../../worker-runtime/src/idempotency/index.ts";
import { until } from "../until.ts";
import { killedHolder } from "./killed-holder.ts";
import { type StoreUnderTest, storesUnderTest } from "./stores.ts";

// What every store must do, each with servers and clients as users have them. At the same time, each test with a key of its
// own, but for those that kill the server.
describe.each(Object.keys(storesUnderTest))("once over %s", (kind) => {
  let under: StoreUnderTest;
  let store: OnceStore;
  const newKey = () => `order:${randomUUID()}`;
  const gate = () => Promise.withResolvers<void>();

  beforeAll(async () => {
    const start = storesUnderTest[kind];
    if (start === undefined) throw new Error(`there is no store "${kind}"`);
    under = await start();
    store = await under.open();
  });
  afterAll(() => under[Symbol.asyncDispose]());

  test.concurrent("of twenty callers at once one does the work, and its result is everybody's", async () => {
    const key = newKey();
    const callers = await Promise.all(
      Array.from({ length: 20 }, async () => createOnce({ store: await under.open() })),
    );
    const finish = gate();
    let runs = 0;
    const calls = callers.map((once) =>
      once(key, async () => {
        runs += 1;
        await finish.promise;
        return { charge: 7 };
      }),
    );
    const refused = calls.map((call) =>
      call.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    await until("19 callers were refused", async () => {
      const settled = await Promise.all(refused.map((call) => Promise.race([call, undefined])));
      return settled.filter((error) => error instanceof AlreadyRunning).length === 19;
    });
    finish.resolve();
    await Promise.all(refused);
    expect(runs).toBe(1);
    const again = await Promise.all(callers.map((once) => once(key, () => expect.unreachable())));
    expect(again).toEqual(Array(20).fill({ charge: 7 }));
  });

  test.concurrent("whoever meets a lease is told when to come back: when it may be over", async () => {
    const key = newKey();
    const once = createOnce({ store, lease: "30s" });
    const began = gate();
    const finish = gate();
    const first = once(key, () => {
      began.resolve();
      return finish.promise;
    });
    await began.promise;
    const error = await once(key, () => {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AlreadyRunning);
    expect((error as AlreadyRunning).afterMs).toBeGreaterThan(25_000);
    expect((error as AlreadyRunning).afterMs).toBeLessThanOrEqual(30_000);
    finish.resolve();
    await first;
  });

  test.concurrent("work that fails is given back at once", async () => {
    const key = newKey();
    const once = createOnce({ store });
    const failure = new Error("card declined");
    await expect(once(key, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await once(key, () => "charged")).toBe("charged");
  });

  test.concurrent.each([
    ["nothing", undefined, undefined],
    ["null", null, null],
    ["a text", "é", "é"],
    ["an empty text", "", ""],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["an object", { a: [1, { b: true }] }, { a: [1, { b: true }] }],
  ])("a result that is %s comes back the same both times", async (_, value, expected) => {
    const key = newKey();
    const once = createOnce({ store });
    expect(await once<unknown>(key, () => value)).toEqual(expected);
    expect(await once<unknown>(key, () => expect.unreachable())).toEqual(expected);
  });

  test.concurrent.each([
    ["too large", "x".repeat(70_000), /70002 bytes of JSON: expected at most 65536/],
    ["not JSON", 10n, /is not JSON/],
  ])("work whose result is %s is not repeated, and every call says what is wrong", async (_, value, message) => {
    const key = newKey();
    const once = createOnce({ store });
    let runs = 0;
    for (let call = 0; call < 2; call += 1) {
      const error = await once<unknown>(key, () => {
        runs += 1;
        return value;
      }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ResultNotStorable);
      expect((error as Error).message).toMatch(message);
    }
    expect(runs).toBe(1);
  });

  test.concurrent("a lease is renewed for as long as the work takes", async () => {
    const key = newKey();
    const once = createOnce({ store, lease: "2s" });
    const began = performance.now();
    let runs = 0;
    const first = once(key, async () => {
      runs += 1;
      let refused = 0;
      await until("others were refused for more than a lease", async () => {
        await expect(once(key, () => (runs += 1))).rejects.toThrow(AlreadyRunning);
        refused += 1;
        return performance.now() - began > 3_000;
      });
      return refused;
    });
    expect(await first).toBeGreaterThan(1);
    expect(runs).toBe(1);
  });

  test.concurrent("a result is forgotten when its time is over", async () => {
    const key = newKey();
    const once = createOnce({ store, ttl: "2s", lease: "1s" });
    const began = performance.now();
    await once(key, () => 1);
    expect(await once(key, () => 2)).toBe(1);
    await until("the work is done anew", async () => (await once(key, () => 2)) === 2);
    expect(performance.now() - began).toBeGreaterThan(1_990);
  });

  test.concurrent("whoever does not hold the lease can neither renew, complete nor release it", async () => {
    const key = newKey();
    expect(await store.acquire(key, "mine", 10_000)).toEqual({ state: "Acquired" });
    expect(await store.renew(key, "another's", 60_000)).toBe(false);
    expect(await store.complete(key, "another's", "2", 60_000)).toBe(false);
    await store.release(key, "another's");
    expect(await store.acquire(key, "another's", 60_000)).toMatchObject({ state: "Held" });
    expect(await store.complete(key, "mine", "1", 60_000)).toBe(true);
    expect(await store.acquire(key, "another's", 60_000)).toEqual({ state: "Done", result: "1" });
    expect(await store.renew(key, "mine", 60_000)).toBe(false);
    expect(await store.complete(key, "another's", "2", 60_000)).toBe(false);
  });

  test.concurrent("work is marked as done though its lease ran out, unless somebody else has taken it", async () => {
    const [alone, taken] = [newKey(), newKey()];
    for (const key of [alone, taken]) await store.acquire(key, "slow", 1);
    await until("the lease is over and taken by another", async () => {
      const { state } = await store.acquire(taken, "next", 60_000);
      return state === "Acquired";
    });
    expect(await store.complete(taken, "slow", "1", 60_000)).toBe(false);
    expect(await store.complete(alone, "slow", "1", 60_000)).toBe(true);
    expect(await store.acquire(alone, "next", 60_000)).toEqual({ state: "Done", result: "1" });
  });

  test.concurrent("work whose lease another has taken is told so, and fails", async () => {
    const key = newKey();
    // As if this process stood still: it renews nothing.
    const standing = { ...store, renew: () => Promise.reject(new Error("stood still")) };
    const call = createOnce({ store: standing, lease: "300ms" })(key, async ({ signal }) => {
      await until("the lease is taken", async () => (await store.acquire(key, "thief", 60_000)).state === "Acquired");
      await until("the signal is aborted", () => signal.aborted);
      expect(signal.reason).toBeInstanceOf(LeaseLost);
    });
    await expect(call).rejects.toThrow(LeaseLost);
  });

  if (kind === "memory") return;

  test("the lease of a process that was killed is over in time, and another does the work", async () => {
    const key = newKey();
    const url = under.server?.url ?? "";
    const once = createOnce({ store });
    await killedHolder(kind, url, key, "3s");
    const killedMs = performance.now();
    await expect(once(key, () => "done")).rejects.toThrow(AlreadyRunning);
    const result = await until("the work was done by another", () =>
      once(key, () => "done").catch((error: unknown) => {
        if (error instanceof AlreadyRunning) return undefined;
        throw error;
      }),
    );
    expect(result).toBe("done");
    // Of a lease as long as the default it would not be by now.
    expect(performance.now() - killedMs).toBeLessThan(20_000);
  });

  test("without its store no work is begun; with it again, it is done once", async () => {
    const key = newKey();
    const once = createOnce({ store });
    let runs = 0;
    const work = () => {
      runs += 1;
      return runs;
    };
    await under.server?.kill();
    await expect(once(key, work)).rejects.toThrow(StoreUnavailable);
    expect(runs).toBe(0);
    await under.server?.start();
    await until("the store is back", () => once(key, work).catch(() => undefined));
    expect(await once(key, work)).toBe(1);
    expect(runs).toBe(1);
  });

  test("work that ends while the store is away is marked as done when the store is back", async () => {
    const key = newKey();
    const once = createOnce({ store, lease: "30s" });
    const down = Promise.withResolvers<void>();
    const call = once(key, async () => {
      await under.server?.kill();
      down.resolve();
      return "charged";
    });
    // Not sooner: a store refuses calls before its server is seen to have ended, and what runs is not started.
    await down.promise;
    await under.server?.start();
    expect(await call).toBe("charged");
    expect(await once(key, () => expect.unreachable())).toBe("charged");
  });
});
