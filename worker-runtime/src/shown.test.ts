import { expect, test } from "vitest";
import { shown } from "./shown.ts";

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

test.each([
  ["a\n", '"a\\n"'],
  [5n, "5n"],
  [Number.NaN, "NaN"],
  [undefined, "undefined"],
  [Symbol("s"), "Symbol(s)"],
  [cyclic, "<ref *1> { self: [Circular *1] }"],
  [new Date(0), "1970-01-01T00:00:00.000Z"],
])("%#: a value is shown, whatever it is", (value, text) => {
  expect(shown(value)).toBe(text);
});

test("a long one is cut", () => {
  expect(shown("x".repeat(200))).toBe(`"${"x".repeat(99)}…`);
});
