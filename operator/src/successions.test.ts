import { expect, test } from "vitest";
import { createSuccessions } from "./successions.ts";

test("who had a name and is gone is told once, whoever has it next", () => {
  const successions = createSuccessions();
  expect(successions.note("media/a", "1")).toBeUndefined();
  expect(successions.note("media/a", "1")).toBeUndefined();
  expect(successions.note("media/a", "2")).toBe("1");
  expect(successions.note("media/a", undefined)).toBe("2");
  expect(successions.note("media/a", undefined)).toBeUndefined();
});
