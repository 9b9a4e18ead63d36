import { expect, test } from "vitest";
import { fittingHeaders } from "./header-room.ts";

const headers = {
  large: "x".repeat(1_000),
  middle: { deep: ["y".repeat(500)] },
  small: 1,
  "jobwright-key": "z".repeat(200),
};

test("headers that fit are kept as they are", () => {
  expect(fittingHeaders(headers, 2_000)).toBe(headers);
});

test("else the largest are left out until the rest fits, but none that the job needs", () => {
  const { large: _, ...rest } = headers;
  expect(fittingHeaders(headers, 1_000)).toEqual(rest);
  expect(fittingHeaders(headers, 100)).toEqual({ "jobwright-key": headers["jobwright-key"] });
});
