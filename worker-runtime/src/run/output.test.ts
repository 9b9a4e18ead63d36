import { expect, test } from "vitest";
import { z } from "zod";
import { defineJob } from "../job.ts";
import { checkOutput } from "./output.ts";

const promised = (output: z.ZodType) => defineJob({ name: "resize", input: z.unknown(), output, run() {} });
const free = defineJob({ name: "resize", input: z.unknown(), run() {} });
const key = promised(z.object({ key: z.string() }));
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

test("a promised output is told as JSON has it, not as the reader's schema makes it", async () => {
  expect(checkOutput(key, { key: "a" }, 100)).toEqual({ ok: true, json: { key: "a" } });
  const dated = promised(z.object({ at: z.iso.datetime().transform((text) => new Date(text)) }));
  expect(checkOutput(dated, { at: new Date(0) }, 100)).toEqual({
    ok: true,
    json: { at: "1970-01-01T00:00:00.000Z" },
  });
  const asynchronous = promised(z.string().refine(async (text) => text === "a"));
  expect(await checkOutput(asynchronous, "a", 100)).toEqual({ ok: true, json: "a" });
});

test.each([
  ["does not fit", { key: 1 }, "does not fit its schema"],
  ["is missing", undefined, "does not fit its schema"],
  ["goes round", cyclic, "cannot be written as JSON"],
  ["is too large", { key: "a".repeat(100) }, 'the output of "resize" has 110 bytes: expected at most 100'],
])("a promised output that %s is refused", (_, returned, problem) => {
  expect(checkOutput(key, returned, 100)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
});

test.each([[undefined], [cyclic], [1n], ["a".repeat(200)], [() => {}]])(
  "%#: what nobody promised is left out",
  (returned) => {
    expect(checkOutput(free, returned, 100)).toEqual({ ok: true, json: undefined });
  },
);
