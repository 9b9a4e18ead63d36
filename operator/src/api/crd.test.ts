import { describe, expect, test } from "vitest";
import { z } from "zod";
import { customResourceDefinition, openApiSchema } from "./crd.ts";
import { jobQueue } from "./job-queue.ts";
import { workerPool } from "./worker-pool.ts";

interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  [key: string]: unknown;
}

/** A schema and all within it, each with its path. */
function* within(schema: Schema, path = ""): Generator<[path: string, schema: Schema]> {
  yield [path, schema];
  for (const [name, property] of Object.entries(schema.properties ?? {})) yield* within(property, `${path}.${name}`);
  if (schema.items) yield* within(schema.items, `${path}[]`);
}

describe.each([jobQueue, workerPool])("the schema of $kind", (kind) => {
  const { spec } = customResourceDefinition(kind) as {
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[]; names: Record<string, unknown> };
  };
  const schemas = [...within(spec.versions[0]?.schema.openAPIV3Schema ?? {})];

  test("describes every field, so that kubectl explain does", () => {
    const own = new Set([".apiVersion", ".kind", ".metadata"]);
    const bare = schemas.filter(([path, { description }]) => !description && !own.has(path) && !path.endsWith("[]"));
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  test("is structural: no references, no closed objects, a type everywhere", () => {
    for (const [path, schema] of schemas) {
      expect(schema, path).not.toHaveProperty("$ref");
      expect(schema.additionalProperties, path).not.toBe(false);
      expect(schema.type, path).toBeTypeOf("string");
    }
  });

  test("gives each parent the defaults of its children, against which its rules are checked", () => {
    for (const [path, { default: value, properties = {} }] of schemas) {
      if (typeof value !== "object") continue;
      for (const [name, property] of Object.entries(properties)) {
        if (property.default !== undefined) expect(value, path).toHaveProperty(name, property.default);
      }
    }
  });

  test("says nothing by a bare regular expression", () => {
    expect(schemas.filter(([, schema]) => "pattern" in schema).map(([path]) => path)).toEqual([]);
  });

  test("is found under the category jobwright", () => {
    expect(spec.names.categories).toEqual(["jobwright"]);
  });
});

test("a loose object keeps fields that it does not name, a plain one does not", () => {
  expect(openApiSchema(z.looseObject({ a: z.string() }))).toMatchObject({
    "x-kubernetes-preserve-unknown-fields": true,
  });
  expect(openApiSchema(z.object({ a: z.string() }))).not.toHaveProperty("x-kubernetes-preserve-unknown-fields");
});

test("bounds that only say what a number can be are left out", () => {
  expect(openApiSchema(z.object({ n: z.int(), m: z.int().min(1) }))).toMatchObject({
    properties: { n: { type: "integer" }, m: { minimum: 1 } },
  });
  expect(openApiSchema(z.int())).not.toHaveProperty("minimum");
});
