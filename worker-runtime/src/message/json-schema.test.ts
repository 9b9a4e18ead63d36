import { expect, test } from "vitest";
import { ConfigurationError } from "../errors.ts";
import { compileSchema } from "./json-schema.ts";

const where = 'the schema of job "resize"';

test("says where an input does not fit, and about what", () => {
  const check = compileSchema(where, {
    type: "object",
    properties: { mail: { type: "string", format: "email" }, size: { enum: ["s", "l"] } },
    required: ["mail"],
    additionalProperties: false,
  });
  expect(check({ mail: "a@b.example", size: "s" })).toBeUndefined();
  expect(check({ mail: "nobody", size: "m", other: 1 })?.split("\n").sort()).toEqual([
    "  → at (root)",
    "  → at /mail",
    "  → at /size",
    '✖ must NOT have additional properties: "other"',
    '✖ must be equal to one of the allowed values: ["s","l"]',
    '✖ must match format "email"',
  ]);
});

test("what is wrong a thousand times is told ten times", () => {
  const check = compileSchema(where, { items: { type: "string" } });
  expect(check(Array.from({ length: 1000 }, () => 1))).toMatch(/\nand 990 more$/);
});

test("draft 2020-12 unless $schema says draft 7; unknown keywords are no error", () => {
  const pair = { prefixItems: [{ type: "string" }], "x-owner": "media" };
  expect(compileSchema(where, pair)([1])).toContain("must be string");
  const old = { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "string" }] };
  expect(compileSchema(where, old)([1])).toContain("must be string");
  const dated = { $schema: "https://json-schema.org/draft/2020-12/schema", ...pair };
  expect(compileSchema(where, dated)(["a"])).toBeUndefined();
});

test("what is no schema is refused with the job's name", () => {
  expect(() => compileSchema(where, { type: "objekt" })).toThrow(ConfigurationError);
  expect(() => compileSchema(where, { type: "objekt" })).toThrow(`${where} is not a valid JSON Schema`);
});
