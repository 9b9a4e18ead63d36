import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each([
  ["250ms", 250],
  ["30s", 30_000],
  ["1h30m", 5_400_000],
  ["0s", 0],
])("parseDuration(%s) is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "10", "1.5s", "2d", "s", "-1s"])(
  "parseDuration refuses %j and says what a duration looks like",
  (text) => {
    expect(() => parseDuration(text)).toThrow("such as 250ms, 30s or 1h30m");
  },
);
