import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DefinitionError } from "../errors.ts";
import { AlreadyRunning, LeaseLost, StoreUnavailable } from "./errors.ts";
import { memoryStore } from "./memory-store.ts";
import { createOnce } from "./once.ts";
import { postgresStore } from "./postgres-store.ts";
import { redisStore } from "./redis-store.ts";
import type { OnceStore } from "./store.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const failing: OnceStore = {
  acquire: () => Promise.reject(new Error("connection refused")),
  renew: () => Promise.reject(new Error("connection refused")),
  complete: () => Promise.reject(new Error("connection refused")),
  release: () => Promise.reject(new Error("connection refused")),
};
const never = () => new Promise<never>(() => {});

test("what is no store, such as a client that was not made one, is refused where it is written", () => {
  expect(() => createOnce({ store: {} as never })).toThrow(/createOnce: store is no store: expected memoryStore/);
  expect(() => createOnce({ store: null as never })).toThrow(DefinitionError);
});

test("what is no client of a store, such as its address, is refused where it is written", () => {
  expect(() => redisStore("redis://redis" as never)).toThrow(
    'redisStore: client is "redis://redis": expected a client',
  );
  expect(() => redisStore({} as never)).toThrow(DefinitionError);
  expect(() => postgresStore("postgres://db" as never)).toThrow(
    'postgresStore: pool is "postgres://db": expected a pool',
  );
  expect(() => postgresStore(undefined as never)).toThrow(DefinitionError);
  expect(() => memoryStore({ maxEntries: 0 })).toThrow("memoryStore: maxEntries is 0: expected a whole number");
});

test("durations that cannot be meant are refused where they are written", () => {
  expect(() => createOnce({ ttl: "1d" })).toThrow(DefinitionError);
  expect(() => createOnce({ lease: "soon" })).toThrow(/createOnce: lease: "soon" is not a duration/);
  expect(() => createOnce({ ttl: "1s", lease: "30s" })).toThrow(/ttl 1s is shorter than the lease/);
});

test.each(["", "k".repeat(513), undefined])("%j is no key", async (key) => {
  const call = createOnce()(key as string, () => expect.unreachable());
  await expect(call).rejects.toThrow(/is no key: expected 1 to 512 bytes/);
});

test("AlreadyRunning asks to be tried again in whole seconds, not before the lease is over", () => {
  expect(new AlreadyRunning("k", 1_001).afterMs).toBe(2_000);
  expect(new AlreadyRunning("k", 3).afterMs).toBe(1_000);
  expect(new AlreadyRunning("k", 3).message).toBe('once "k": somebody else holds the lease; to be tried again in 1 s');
});

test("work is not begun when the store fails", async () => {
  const call = createOnce({ store: failing })("k", () => expect.unreachable());
  await expect(call).rejects.toThrow(StoreUnavailable);
  await expect(call).rejects.toThrow('once "k": the store cannot be reached: connection refused');
});

test("a store that does not answer within 5 s is unavailable; a lease that it gives later is given back", async () => {
  const inner = memoryStore();
  let answer = () => {};
  const slow: OnceStore = {
    ...inner,
    async acquire(...args) {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return await inner.acquire(...args);
    },
  };
  const call = createOnce({ store: slow })("k", () => expect.unreachable());
  const refused = expect(call).rejects.toThrow(/no answer within 5 s/);
  await vi.advanceTimersByTimeAsync(5_000);
  await refused;
  answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(await createOnce({ store: inner })("k", () => "done")).toBe("done");
});

test("a lease that cannot be renewed is lost when it is over, not before", async () => {
  const store = { ...memoryStore(), renew: failing.renew };
  const aborted: unknown[] = [];
  void createOnce({ store, lease: "30s" })("k", ({ signal }) => {
    signal.addEventListener("abort", () => aborted.push(signal.reason));
    return never();
  });
  await vi.advanceTimersByTimeAsync(29_990);
  expect(aborted).toEqual([]);
  await vi.advanceTimersByTimeAsync(20);
  expect(aborted).toEqual([new LeaseLost("k")]);
});

test("a lease is over here no later than in a store that was slow to give it", async () => {
  const inner = memoryStore();
  const store: OnceStore = {
    ...inner,
    renew: failing.renew,
    async acquire(...args) {
      const answer = await inner.acquire(...args);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      return answer;
    },
  };
  let lost = false;
  void createOnce({ store, lease: "30s" })("k", ({ signal }) => {
    signal.addEventListener("abort", () => {
      lost = true;
    });
    return never();
  });
  await vi.advanceTimersByTimeAsync(29_990);
  expect(lost).toBe(false);
  await vi.advanceTimersByTimeAsync(20);
  expect(lost).toBe(true);
});

test("a renewal that fails once is tried again in time", async () => {
  const inner = memoryStore();
  let fails = 2;
  const store: OnceStore = {
    ...inner,
    renew(...args) {
      fails -= 1;
      return fails >= 0 ? failing.renew(...args) : inner.renew(...args);
    },
  };
  let lost = false;
  void createOnce({ store, lease: "30s" })("k", ({ signal }) => {
    signal.addEventListener("abort", () => {
      lost = true;
    });
    return never();
  });
  await vi.advanceTimersByTimeAsync(300_000);
  expect(lost).toBe(false);
  await expect(createOnce({ store })("k", () => expect.unreachable())).rejects.toThrow(AlreadyRunning);
});

test("a mark that cannot be stored is tried for as long as a lease, then the caller is told that the work is done", async () => {
  const store = { ...memoryStore(), complete: failing.complete };
  const call = createOnce({ store, lease: "30s" })("k", () => "charged");
  let settled = false;
  const refused = expect(call).rejects.toThrow(
    /the work is done, but its mark could not be stored: connection refused/,
  );
  void call.catch(() => {
    settled = true;
  });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(settled).toBe(false);
  await vi.advanceTimersByTimeAsync(5_000);
  await refused;
});

test("a mark that was stored although its answer was lost is known for ours", async () => {
  const inner = memoryStore();
  let losesAnswers = 1;
  const store: OnceStore = {
    ...inner,
    async complete(...args) {
      const answer = await inner.complete(...args);
      losesAnswers -= 1;
      if (losesAnswers >= 0) throw new Error("connection reset");
      return answer;
    },
  };
  const call = createOnce({ store })("k", () => "charged");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await call).toBe("charged");
});

test("a mark that was refused after its answer was lost is somebody else's", async () => {
  const inner = memoryStore();
  let calls = 0;
  const store: OnceStore = {
    ...inner,
    async complete(key, token, result, ttlMs) {
      calls += 1;
      if (calls > 1) return await inner.complete(key, token, result, ttlMs);
      await inner.release(key, token);
      await inner.complete(key, "another", '"charged elsewhere"', ttlMs);
      throw new Error("connection reset");
    },
  };
  const refused = expect(createOnce({ store })("k", () => "charged")).rejects.toThrow(LeaseLost);
  await vi.advanceTimersByTimeAsync(1_000);
  await refused;
});

test("the memory store forgets the oldest result when it is full, and never a lease", async () => {
  const store = memoryStore({ maxEntries: 2 });
  const once = createOnce({ store });
  void once("held", never);
  await vi.advanceTimersByTimeAsync(0);
  for (const key of ["a", "b", "c"]) await once(key, () => key);
  expect(await once("b", () => "anew")).toBe("b");
  expect(await once("a", () => "anew")).toBe("anew");
  await expect(once("held", () => expect.unreachable())).rejects.toThrow(AlreadyRunning);
});
