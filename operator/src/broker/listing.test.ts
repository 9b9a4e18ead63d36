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
  [400, 4_000],
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

test("a listing that failed is not kept", async () => {
  let looks = 0;
  const listing = createListing(async () => {
    looks += 1;
    if (looks === 1) throw new Error("the broker is away");
    return looks;
  }, 1_000);
  await expect(listing.get()).rejects.toThrow("the broker is away");
  expect(await listing.get()).toBe(2);
});
