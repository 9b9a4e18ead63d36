import { openApiSchema } from "./crd.ts";
import { group, type Kind, version } from "./kind.ts";
import type { Rule } from "./schema.ts";

/** An OpenAPI schema, as far as a reader needs it. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

interface Field {
  /** From the object's root, such as `spec.lanes[].name`. */
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** A page with every field of a kind, from the same schemas as its CRD: what it means, its type, default and bounds, and what is refused. */
export function fieldReference(kind: Kind): string {
  const whole = openApiSchema(kind.spec);
  const spec = fields("spec", whole);
  const status = fields("status", openApiSchema(kind.status));
  const root: Schema = { "x-kubernetes-validations": kind.rules };
  const refusals = [{ path: "", schema: root }, { path: "spec", schema: whole }, ...spec].flatMap(refused);
  return [
    "<!-- Generated from operator/src/api by `npm run crds`. Do not edit. -->",
    `# ${kind.kind}: every field`,
    "",
    `\`apiVersion: ${group}/${version}\`, \`kind: ${kind.kind}\`. ${kind.description} The same texts: \`kubectl explain ${kind.singular} --recursive\`.`,
    "",
    "## spec",
    "",
    ...table(spec),
    "",
    "## What is refused",
    "",
    "Beside types and bounds, the API server checks at admission:",
    "",
    ...(refusals.length > 0 ? ["| field | answer |", "| --- | --- |", ...refusals] : ["Nothing else."]),
    "",
    "## status",
    "",
    ...table(status),
    "",
  ].join("\n");
}

function table(rows: readonly Field[]): string[] {
  return [
    "| field | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ path, schema, required }) => {
      const standard = required ? "required" : shownDefault(schema);
      return `| \`${path}\` | ${cell(typeOf(schema))} | ${cell(standard)} | ${cell(schema.description ?? "")} |`;
    }),
  ];
}

function fields(path: string, schema: Schema): Field[] {
  const within = schema.items ?? schema;
  const prefix = schema.items ? `${path}[]` : path;
  return Object.entries(within.properties ?? {}).flatMap(([name, child]) => {
    const childPath = `${prefix}.${name}`;
    const required = within.required?.includes(name) ?? false;
    return [{ path: childPath, schema: child, required }, ...fields(childPath, child)];
  });
}

function typeOf(schema: Schema): string {
  if (schema.items) {
    const most = schema.maxItems === undefined ? "" : `, at most ${schema.maxItems}`;
    return `list of ${schema.items.properties ? "objects" : typeOf(schema.items)}${most}`;
  }
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.additionalProperties) return `map of ${typeOf(schema.additionalProperties)}`;
  const { type = "any", minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${type}, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${type}, ${minimum} or more`;
  return maximum === undefined ? type : `${type}, at most ${maximum}`;
}

/** An object's default is its fields' defaults, which have rows of their own. */
function shownDefault(schema: Schema): string {
  if (schema.default === undefined || schema.properties) return "";
  return `\`${JSON.stringify(schema.default).replace(/^"(.*)"$/, "$1")}\``;
}

function refused({ path, schema }: Pick<Field, "path" | "schema">): string[] {
  const onItems = (schema.items?.["x-kubernetes-validations"] ?? []).map((rule) => row(`${path}[]`, rule));
  return [...(schema["x-kubernetes-validations"] ?? []).map((rule) => row(path, rule)), ...onItems];
}

function row(path: string, { fieldPath = "", message }: Rule): string {
  const field = `${path}${fieldPath}`.replace(/^\./, "") || "the object";
  return `| ${field === "the object" ? field : `\`${field}\``} | ${cell(message)} |`;
}

/** Text that fits a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}
