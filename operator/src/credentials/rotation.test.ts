import { describe, expect, test } from "vitest";
import type { Credentials } from "../api/access.ts";
import {
  generationOf,
  isDue,
  isRequested,
  overlapOver,
  overlappingSince,
  rotated,
  rotationPolicy,
  userOf,
  usersOf,
  withoutRetired,
} from "./rotation.ts";

const hour = 3_600_000;
const start = Date.parse("2026-01-01T00:00:00Z");
const at = (hours: number) => new Date(start + hours * hour);
const fresh: Credentials = { secretName: "mail-producer", user: "post.mail.producer", rotatedAt: at(0).toISOString() };

test("a user's name tells its generation, whatever the party is called", () => {
  for (const first of ["post.mail.producer", "post.mail.producer.shop-2", "a-1.b-2.worker"]) {
    expect(generationOf(userOf(first, 1))).toBe(1);
    expect(generationOf(userOf(first, 2))).toBe(2);
    expect(generationOf(userOf(first, 41))).toBe(41);
  }
  expect(userOf("post.mail.producer", 1)).toBe("post.mail.producer");
});

test("users are never used again: each rotation counts on, and keeps those before until they are gone", () => {
  const twice = rotated(rotated(fresh, "post.mail.producer", at(1)), "post.mail.producer", at(2));
  expect(twice.user).toBe("post.mail.producer_3");
  expect(usersOf(twice)).toEqual(["post.mail.producer_3", "post.mail.producer", "post.mail.producer_2"]);
  const once = withoutRetired(twice, ["post.mail.producer"]);
  expect(once.retiring).toEqual([{ user: "post.mail.producer_2", since: at(2).toISOString() }]);
  const none = withoutRetired(once, ["post.mail.producer_2"]);
  expect(none).toEqual({ ...fresh, user: "post.mail.producer_3", rotatedAt: at(2).toISOString() });
  expect(rotated(none, "post.mail.producer", at(3)).user).toBe("post.mail.producer_4");
});

describe("a rotation", () => {
  test("is asked for by a value of the annotation that was not carried out yet", () => {
    const asks = (value: string | undefined, handled: string | undefined) =>
      isRequested(value === undefined ? {} : { "jobwright.dev/rotate-credentials": value }, handled);
    expect(asks("1", undefined)).toBe(true);
    expect(asks("2", "1")).toBe(true);
    expect(asks("1", "1")).toBe(false);
    expect(asks(undefined, "1")).toBe(false);
  });

  test("is due once the interval is over, and not while an earlier user is still needed", () => {
    const policy = rotationPolicy({ access: { rotation: { interval: "24h", overlap: "1h" } } });
    expect(isDue(fresh, policy, at(23.99).getTime())).toBe(false);
    expect(isDue(fresh, policy, at(24).getTime())).toBe(true);
    const next = rotated(fresh, "post.mail.producer", at(24));
    expect(isDue(next, policy, at(48).getTime())).toBe(false);
    expect(isDue(withoutRetired(next, ["post.mail.producer"]), policy, at(48).getTime())).toBe(true);
  });

  test("is never due without an interval", () => {
    expect(isDue(fresh, rotationPolicy({}), at(100_000).getTime())).toBe(false);
  });
});

test("an earlier user stays for the overlap, an hour where none is set, counted from when producers could change over", () => {
  const next = rotated(fresh, "post.mail.producer", at(24));
  const policy = rotationPolicy({});
  expect(overlapOver(next, policy, at(24.99).getTime())).toEqual([]);
  expect(overlapOver(next, policy, at(25).getTime())).toEqual(["post.mail.producer"]);
  expect(overlapOver(overlappingSince(next, at(30)), policy, at(30.5).getTime())).toEqual([]);
  const atOnce = rotationPolicy({ access: { rotation: { overlap: "0s" } } });
  expect(overlapOver(next, atOnce, at(24).getTime())).toEqual(["post.mail.producer"]);
});
