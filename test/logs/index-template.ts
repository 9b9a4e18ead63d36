import { type LogField, logFields } from "../../worker-runtime/src/contract/index.ts";

interface Mapping {
  type?: string;
  ignore_above?: number;
  properties?: Record<string, Mapping>;
}

/** As the Elastic Common Schema maps them. */
const mappings: Readonly<Record<Exclude<LogField["type"], "object">, Mapping>> = {
  date: { type: "date" },
  keyword: { type: "keyword", ignore_above: 1024 },
  text: { type: "match_only_text" },
  long: { type: "long" },
  double: { type: "double" },
};

/** What is in the lines beside the fields of the contract: what the library for ECS adds, and what is in objects. */
const beside: Readonly<Record<string, Mapping>> = {
  "ecs.version": mappings.keyword,
  "event.dataset": mappings.keyword,
  "error.type": mappings.keyword,
  "error.message": mappings.text,
  "error.stack_trace": { type: "wildcard" },
  "jobwright.oldest.job": mappings.keyword,
  "jobwright.oldest.id": mappings.keyword,
  "jobwright.oldest.heldSeconds": mappings.long,
};

/** Every field that Elasticsearch is told of, by its full name. */
function fields(): [string, Mapping][] {
  const own: LogField[] = Object.values(logFields);
  const scalars = own.flatMap(({ ecs, type }): [string, Mapping][] =>
    type === "object" ? [] : [[ecs, mappings[type]]],
  );
  return [...scalars, ...Object.entries(beside)];
}

/** The type of each field, by its full name. */
export function mappedFields(): ReadonlyMap<string, string> {
  return new Map(fields().map(([name, { type = "object" }]) => [name, type]));
}

/** The index template for log lines in ECS: observability/elastic/index-template.json. */
export function indexTemplate(): object {
  const properties: Record<string, Mapping> = {};
  for (const [name, mapping] of fields()) put(properties, name.split("."), mapping);
  return {
    index_patterns: ["logs-jobwright-*"],
    data_stream: {},
    // Above Elasticsearch's own template for logs-*-*, which has 100.
    priority: 200,
    template: {
      settings: { index: { mapping: { total_fields: { limit: 1000, ignore_dynamic_beyond_limit: true } } } },
      mappings: {
        date_detection: false,
        // What handlers log is theirs: text is kept to be filtered by.
        dynamic_templates: [
          { handlers: { match_mapping_type: "string", mapping: { type: "keyword", ignore_above: 1024 } } },
        ],
        properties,
      },
    },
    _meta: { description: "Log lines of Jobwright's operator and workers, in the Elastic Common Schema" },
  };
}

function put(properties: Record<string, Mapping>, [first = "", ...rest]: string[], mapping: Mapping): void {
  if (rest.length === 0) {
    properties[first] = mapping;
    return;
  }
  const parent = properties[first] ?? { properties: {} };
  properties[first] = parent;
  parent.properties ??= {};
  put(parent.properties, rest, mapping);
}
