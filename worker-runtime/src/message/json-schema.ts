import { createRequire } from "node:module";
import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { isDraft7 } from "../contract/index.ts";
import { ConfigurationError, messageOf } from "../errors.ts";

const require = createRequire(import.meta.url);

/** JSON Schema of the input, by job name, as a JobQueue's `spec.jobs` has it. */
export type JsonSchemas = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Says what is wrong with an input, a line a problem; undefined when it fits. */
export type SchemaCheck = (input: unknown) => string | undefined;

/**
 * Compiles one JSON Schema: draft 2020-12, or draft 7 if its `$schema` says so. Formats are checked; unknown keywords
 * are not refused.
 *
 * @param where what an error begins with.
 * @throws ConfigurationError when it is no valid schema.
 */
export function compileSchema(where: string, schema: Readonly<Record<string, unknown>>): SchemaCheck {
  const options = { strict: false, allErrors: true, logger: false } satisfies Options;
  const ajv = validator(isDraft7(schema), options);
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    throw new ConfigurationError(`${where} is not a valid JSON Schema: ${messageOf(error)}`);
  }
  return (input) => (validate(input) ? undefined : describe(validate.errors ?? []));
}

/** Loaded only where a JobQueue has schemas: it is a sixth of what a worker takes to start. */
function validator(draft7: boolean, options: Options) {
  const { default: addFormats } = require("ajv-formats") as typeof import("ajv-formats");
  return addFormats.default(draft7 ? ofDraft7(options) : of2020(options));
}

function ofDraft7(options: Options) {
  const { Ajv } = require("ajv") as typeof import("ajv");
  return new Ajv(options);
}

function of2020(options: Options) {
  const { Ajv2020 } = require("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
  return new Ajv2020(options);
}

/** Bounded, since a long array may be wrong in every element. */
const maxProblems = 10;

function describe(errors: readonly ErrorObject[]): string {
  const lines = errors
    .slice(0, maxProblems)
    .map((error) => `✖ ${error.message ?? error.keyword}${detail(error)}\n  → at ${error.instancePath || "(root)"}`);
  if (errors.length > maxProblems) lines.push(`and ${errors.length - maxProblems} more`);
  return lines.join("\n");
}

// ajv's own words leave out what they are about.
function detail({ params }: ErrorObject): string {
  if ("additionalProperty" in params) return `: "${params.additionalProperty}"`;
  if ("allowedValues" in params) return `: ${JSON.stringify(params.allowedValues)}`;
  return "";
}
