import { expect, test } from "vitest";
import { fewestWhenFull, isBounded, limitSettings } from "./limits.ts";

test("only a length bounds a queue: a time to live refuses nobody", () => {
  expect(isBounded({ maxLength: 1 })).toBe(true);
  expect(isBounded({ maxLengthBytes: 1024 })).toBe(true);
  expect(isBounded({ messageTtlMs: 1000 })).toBe(false);
  expect(isBounded(undefined)).toBe(false);
});

test("the limits are a policy's", () => {
  const limits = { maxLength: 10, maxLengthBytes: 4096, messageTtlMs: 60_000 };
  expect(limitSettings({ limits }, false)).toEqual({
    "max-length": 10,
    "max-length-bytes": 4096,
    "message-ttl": 60_000,
  });
  expect(limitSettings({}, false)).toEqual({});
});

test("a limit that ends is raised out of sight before it goes, and stays what it is where another holds", () => {
  expect(limitSettings({}, true)).toEqual({ "max-length": 2_000_000_000 });
  expect(limitSettings({ limits: { messageTtlMs: 1000 } }, true)).toMatchObject({ "max-length": 2_000_000_000 });
  expect(limitSettings({ limits: { maxLengthBytes: 4096 } }, true)).toEqual({ "max-length-bytes": 4096 });
});

test("a queue that refused a job has as many as its limit, or one where bytes are counted", () => {
  expect(fewestWhenFull({ maxLength: 10 })).toBe(10);
  expect(fewestWhenFull({ maxLength: 10, maxLengthBytes: 4096 })).toBe(1);
  expect(fewestWhenFull({})).toBeUndefined();
});
