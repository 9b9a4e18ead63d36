import { expect, test } from "vitest";
import { uuidv7 } from "./uuid.ts";

test("is a UUID of version 7 whose order is that of time", () => {
  const ids = [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000].map((nowMs) => uuidv7(nowMs));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids.toSorted()).toEqual(ids);
});

test("is never made twice, however many are made in one millisecond", () => {
  const ids = Array.from({ length: 10_000 }, () => uuidv7(1));
  expect(new Set(ids).size).toBe(ids.length);
});
