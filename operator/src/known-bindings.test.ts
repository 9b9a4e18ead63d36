import { eventBinding } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { createKnownBindings } from "./known-bindings.ts";

const silent = eventBinding.parse({ exchange: "shop", routingKey: "order.*" });
const bill = { ...silent, job: "bill" };

test("workers know the bindings that they were started with, and no others", () => {
  const known = createKnownBindings();
  expect(known.knows("pool", [bill])).toBe(false);
  known.note("pool", [bill]);
  expect(known.knows("pool", [bill])).toBe(true);
  expect(known.knows("another", [bill])).toBe(false);
  expect(known.knows("pool", [bill, silent])).toBe(false);
  known.forget("pool");
  expect(known.knows("pool", [bill])).toBe(false);
});

test("bindings that name no job need not be known", () => {
  const known = createKnownBindings();
  expect(known.knows("pool", [silent])).toBe(true);
  expect(known.knows("pool", [])).toBe(true);
});
