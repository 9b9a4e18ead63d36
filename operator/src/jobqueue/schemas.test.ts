import { expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { schemasOf } from "./schemas.ts";

type Jobs = NonNullable<JobQueue["spec"]["jobs"]>;
const withJobs = (jobs: Jobs | undefined) => ({ spec: { ...(jobs && { jobs }) } }) as JobQueue;

test("schemas are told by job name; a job without one accepts any input", () => {
  const schema = { type: "object", properties: { to: { type: "string", format: "email" } } };
  expect(schemasOf(withJobs([{ name: "send", schema }, { name: "any" }]))).toEqual({ send: schema });
  expect(schemasOf(withJobs(undefined))).toEqual({});
});

test("a schema may say that it is of draft 7", () => {
  const schema = { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "string" }] };
  expect(schemasOf(withJobs([{ name: "send", schema }]))).toEqual({ send: schema });
});

test.each([
  ["a type that there is not", { properties: { to: { type: "text" } } }, "at /properties/to/type: must be"],
  ["a reference that leads nowhere", { $ref: "#/$defs/address" }, "can't resolve reference #/$defs/address"],
  ["one of ajv's own, which would let everything pass", { $async: true }, "$async is ajv's own"],
  ["a pattern that is none", { properties: { to: { pattern: "(" } } }, "Invalid regular expression"],
])("%s is refused with its path", (_what, schema, message) => {
  const queue = withJobs([{ name: "any" }, { name: "send", schema }]);
  expect(() => schemasOf(queue)).toThrow('spec.jobs[1].schema (job "send") is not a valid JSON Schema');
  expect(() => schemasOf(queue)).toThrow(message);
});

test("schemas that would fill the Secret are refused", () => {
  const schema = { description: "x".repeat(300_000) };
  expect(() => schemasOf(withJobs([{ name: "send", schema }]))).toThrow("expected at most 262144");
});

test("one that is nested too deeply to be written is refused, and stops nothing", () => {
  let schema: Record<string, unknown> = { type: "string" };
  for (let level = 0; level < 20_000; level += 1) schema = { not: schema };
  expect(() => schemasOf(withJobs([{ name: "send", schema }]))).toThrow("is not a valid JSON Schema");
});
