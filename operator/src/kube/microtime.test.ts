import { expect, test } from "vitest";
import { microTime } from "./microtime.ts";

test("a MicroTime has six digits after the point", () => {
  expect(microTime(new Date("2026-03-01T12:00:00.123Z"))).toBe("2026-03-01T12:00:00.123000Z");
  expect(microTime(new Date("2026-03-01T12:00:00Z"))).toBe("2026-03-01T12:00:00.000000Z");
});
