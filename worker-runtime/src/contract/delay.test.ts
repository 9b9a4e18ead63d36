import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { delayBindingKey, delayLevels, delayRoutingKey, delayTarget, maxDelaySeconds } from "./delay.ts";

describe("delayRoutingKey", () => {
  test("spells the delay in binary, highest level first, then the target", () => {
    expect(delayRoutingKey(5_000, "media.resize")).toBe(`${"0.".repeat(25)}1.0.1.media.resize`);
  });

  test("never rounds down: the digits say at least the delay, and less than a second more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (delayMs) => {
        const digits = delayRoutingKey(delayMs, "a.b").split(".").slice(0, delayLevels).join("");
        const waitsMs = Number.parseInt(digits, 2) * 1000;
        expect(waitsMs).toBeGreaterThanOrEqual(delayMs);
        expect(waitsMs - delayMs).toBeLessThan(1000);
      }),
    );
  });

  test("refuses what the fabric cannot hold", () => {
    expect(() => delayRoutingKey(maxDelaySeconds * 1000 + 1, "a.b")).toThrow("out of range");
    expect(() => delayRoutingKey(Number.NaN, "a.b")).toThrow(RangeError);
  });
});

test("a target's binding matches its own keys by word count", () => {
  expect(delayBindingKey("a.b").split(".")).toHaveLength(delayLevels + 2);
});

test("a delayed key tells its target, and no other key does", () => {
  expect(delayTarget(delayRoutingKey(3_600_000, "a.b.c"))).toBe("a.b.c");
  expect(delayTarget("a.b")).toBeUndefined();
  expect(delayTarget(delayRoutingKey(0, ""))).toBeUndefined();
});
