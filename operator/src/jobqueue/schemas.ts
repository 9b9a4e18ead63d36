import { isDraft7 } from "@jobwright/worker-runtime/contract";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { JobQueue } from "../api/objects.ts";
import { Problem } from "../problem.ts";

/** JSON Schema of the input, by job name. */
export type Schemas = Record<string, Record<string, unknown>>;

/** They are copied into a Secret and a ConfigMap, which hold 1 MiB, and into each worker's memory. */
const maxBytes = 256 * 1024;

/** A JobQueue is looked at every few seconds, and compiling schemas is slow. */
const checked = new WeakMap<object, { readonly schemas: Schemas } | { readonly problem: Problem }>();

/**
 * The schemas of a JobQueue's jobs, each of which a producer and a worker can use.
 *
 * @throws Problem SchemaInvalid or SchemasTooLarge, with the path of the wrong one.
 */
export function schemasOf({ spec }: JobQueue): Schemas {
  const { jobs } = spec;
  if (jobs === undefined) return {};
  let result = checked.get(jobs);
  if (result === undefined) {
    result = check(jobs);
    checked.set(jobs, result);
  }
  if ("problem" in result) throw result.problem;
  return result.schemas;
}

function check(jobs: NonNullable<JobQueue["spec"]["jobs"]>) {
  const schemas: Schemas = {};
  // First: compiling what is larger would keep the operator from all other work.
  const bytes = bytesOf(jobs.map(({ schema }) => schema));
  if (bytes > maxBytes) {
    const message = `the schemas in spec.jobs have ${bytes} bytes as JSON, expected at most ${maxBytes}: shorten them; until then what was there before is in use.`;
    return { problem: new Problem("Stalled", "SchemasTooLarge", message) };
  }
  for (const [index, { name, schema }] of jobs.entries()) {
    if (schema === undefined) continue;
    const why = refuse(schema);
    if (why !== undefined) {
      const message = `spec.jobs[${index}].schema (job "${name}") is not a valid JSON Schema: ${why}: correct it; until then what was there before is in use.`;
      return { problem: new Problem("Stalled", "SchemaInvalid", message) };
    }
    schemas[name] = schema;
  }
  return { schemas };
}

function bytesOf(schemas: readonly unknown[]): number {
  try {
    return Buffer.byteLength(JSON.stringify(schemas));
  } catch {
    // Nested more deeply than can be written; compiling says so.
    return 0;
  }
}

/** What is wrong with a schema, with its path in it. In the dialects and by the rules by which the worker runtime reads it. */
function refuse(schema: Record<string, unknown>): string | undefined {
  if ("$async" in schema) return "$async is ajv's own and no keyword of JSON Schema: remove it";
  const options = { strict: false, logger: false } as const;
  const ajv = isDraft7(schema) ? new Ajv(options) : new Ajv2020(options);
  addFormats.default(ajv);
  try {
    if (ajv.validateSchema(schema) !== true) {
      const [error] = ajv.errors ?? [];
      return `at ${error?.instancePath || "its root"}: ${error?.message ?? "it is refused"}`;
    }
    // Also finds references that lead nowhere, and patterns that are none.
    ajv.compile(schema);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
