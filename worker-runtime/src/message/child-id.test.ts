import { expect, test } from "vitest";
import { childId } from "./child-id.ts";

test("one parent and place give one id, a UUID of version 8; others give others", () => {
  expect(childId("order-7", 0)).toBe(childId("order-7", 0));
  expect(childId("order-7", 0)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(
    new Set([childId("order-7", 0), childId("order-7", 1), childId("order-8", 0), childId("order-7\n1", 0)]).size,
  ).toBe(4);
});
