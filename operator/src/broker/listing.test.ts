import { expect, test } from "vitest";
import { createListing } from "./listing.ts";

/** A listing of numbered looks that take as long as is said, on a clock of the test's own. */
function scene(tookMs: number) {
  let nowMs = 0;
  let looks = 0;
  const listing = createListing(
    async () => {
      looks += 1;
      await Promise.resolve();
      nowMs += tookMs;
      return new Set([`look ${looks}`]);
    },
    1_000,
    () => nowMs,
  );
  return {
    listing,
    looks: () => looks,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

test("all who ask within a second share a listing", async () => {
  const { listing, looks, pass } = scene(20);
  const [one, other] = await Promise.all([listing.get(), listing.get()]);
  expect(one).toBe(other);
  pass(900);
  expect(await listing.get()).toBe(one);
  pass(100);
  expect(await listing.get()).not.toBe(one);
  expect(looks()).toBe(2);
});

test.each([
  [200, 6_000],
  [3_000, 10_000],
])("one that took %i ms may be %i ms old", async (tookMs, maxAgeMs) => {
  const { listing, looks, pass } = scene(tookMs);
  await listing.get();
  pass(maxAgeMs - tookMs - 1);
  await listing.get();
  expect(looks()).toBe(1);
  pass(1);
  await listing.get();
  expect(looks()).toBe(2);
});

test("one that was begun too long ago for who asks is made anew", async () => {
  const { listing, looks, pass } = scene(200);
  await listing.get();
  pass(1_000);
  await listing.get(0);
  expect(looks()).toBe(1);
  await listing.get(100);
  await listing.get(100);
  expect(looks()).toBe(2);
});

test("what we changed shows in it, even if it was being made meanwhile", async () => {
  const { listing, looks } = scene(20);
  const asked = listing.get();
  listing.note((listed) => listed.add("made while it was under way"));
  await asked;
  listing.note((listed) => listed.add("made after"));
  expect(await listing.get()).toEqual(new Set(["look 1", "made while it was under way", "made after"]));
  listing.forget();
  listing.note((listed) => listed.add("noted where there is none"));
  expect(await listing.get()).toEqual(new Set(["look 2"]));
  expect(looks()).toBe(2);
});

test("of many who each want a new listing, those who ask while one is made share the next", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let looks = 0;
  let underWay = 0;
  let most = 0;
  const listing = createListing(async () => {
    looks += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    const mine = looks;
    await promise;
    underWay -= 1;
    return new Set([`look ${mine}`]);
  }, 1_000);
  const fresh = () => {
    listing.forget();
    return listing.get();
  };
  const first = fresh();
  const others = Array.from({ length: 30 }, fresh);
  // Who waits for the first is told of it. The next begins after this was changed on the broker, and shows it: what is noted
  // might be older than what it shows.
  listing.note((listed) => listed.add("changed before the next began"));
  resolve();
  expect(await first).toEqual(new Set(["look 1", "changed before the next began"]));
  for (const other of await Promise.all(others)) expect(other).toEqual(new Set(["look 2"]));
  expect({ looks, most }).toEqual({ looks: 2, most: 1 });
});

test("a listing that failed is not kept, and does not keep the next from being made", async () => {
  let looks = 0;
  const listing = createListing(async () => {
    looks += 1;
    if (looks === 1) throw new Error("the broker is away");
    return looks;
  }, 1_000);
  const first = listing.get();
  listing.forget();
  const second = listing.get();
  await expect(first).rejects.toThrow("the broker is away");
  expect(await second).toBe(2);
  expect(await listing.get()).toBe(2);
});
