import { type LogField, type LogFormat, logFields } from "../../worker-runtime/src/contract/index.ts";
import { mappedFields } from "./index-template.ts";

type Line = Readonly<Record<string, unknown>>;

/** What of a line is not as docs/logs.md has it: fields that are not in the schema, and values of other types. */
export function problemsOf(line: Line, format: LogFormat): string[] {
  return format === "json" ? inJson(line) : inEcs(line);
}

function inJson(line: Line): string[] {
  const known: Readonly<Record<string, LogField>> = logFields;
  const missing = ["time", "level", "msg", "service"].filter((name) => !(name in line));
  return [
    ...missing.map((name) => `${name} is missing`),
    ...Object.entries(line).flatMap(([name, value]) => wrong(name, known[name]?.type, value)),
  ];
}

function inEcs(line: Line): string[] {
  const mapped = mappedFields();
  const missing = ["@timestamp", "log.level", "message", "service.name", "ecs.version"].filter(
    (name) => !(name in line),
  );
  return [
    ...missing.map((name) => `${name} is missing`),
    ...leaves("", line).flatMap(([name, value]) => wrong(name, mapped.get(name), value)),
  ];
}

/** Fields as Elasticsearch sees them: objects opened, and each name with all of its path. */
function leaves(path: string, value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((each) => leaves(path, each));
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, each]) => leaves(path === "" ? name : `${path}.${name}`, each));
}

const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  date: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value)),
  keyword: (value) => (Array.isArray(value) ? value : [value]).every((each) => typeof each === "string"),
  text: (value) => typeof value === "string",
  match_only_text: (value) => typeof value === "string",
  wildcard: (value) => typeof value === "string",
  long: Number.isInteger,
  double: (value) => typeof value === "number",
  object: (value) => typeof value === "object",
};

function wrong(name: string, type: string | undefined, value: unknown): string[] {
  if (type === undefined) return [`${name} is not in the schema`];
  return value === null || fits[type]?.(value) ? [] : [`${name} is ${JSON.stringify(value)}, expected ${type}`];
}
