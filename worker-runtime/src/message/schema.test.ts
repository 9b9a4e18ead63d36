import { expect, test } from "vitest";
import { z } from "zod";
import { checkValue } from "./schema.ts";

test("a schema that needs no waiting answers at once", () => {
  expect(checkValue(z.coerce.number(), "640", "the width")).toEqual({ ok: true, value: 640 });
  expect(checkValue(z.number(), "640", "the width")).toEqual({
    ok: false,
    problem: expect.stringContaining(
      "the width does not fit its schema:\n✖ Invalid input: expected number, received string",
    ),
  });
});

test("one that does answers later, each time", async () => {
  const known = z.string().refine(async (id) => id === "a1");
  expect(await checkValue(known, "a1", "the id")).toEqual({ ok: true, value: "a1" });
  expect(await checkValue(known, "b2", "the id")).toMatchObject({ ok: false });
  expect(checkValue(known, "a1", "the id")).toBeInstanceOf(Promise);
});

test.each([
  [
    "at once",
    z.string().transform(() => {
      throw new Error("boom");
    }),
  ],
  ["later", z.string().refine(() => Promise.reject(new Error("boom")))],
])("one that throws %s is told, not thrown", async (_, schema) => {
  expect(await checkValue(schema, "x", "the id")).toEqual({ ok: false, problem: "the schema of the id threw: boom" });
});
