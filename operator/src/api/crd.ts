import { z } from "zod";
import { group, type Kind, version } from "./kind.ts";

type Json = { [key: string]: unknown };

/**
 * The OpenAPI schema of a zod schema, as a CustomResourceDefinition takes it: structural, so without `$ref` and
 * `additionalProperties: false` (the API server prunes unknown fields, and refuses them under strict validation).
 * Loose objects keep what they do not know.
 */
export function openApiSchema(schema: z.ZodType): Json {
  const { $schema, ...json } = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) => {
      const json = jsonSchema as Json;
      if (zodSchema._zod.def.type === "object") {
        const loose = "catchall" in zodSchema._zod.def && json.additionalProperties !== false;
        delete json.additionalProperties;
        if (loose) json["x-kubernetes-preserve-unknown-fields"] = true;
      }
      // Kubernetes counts in int64; zod's bounds for "a safe integer" say nothing to a user.
      if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
      if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
      // The format says it, and the API server checks it; the pattern behind it would fill a page.
      if (json.format === "date-time") delete json.pattern;
      delete json.propertyNames;
    },
  });
  fillDefaults(json);
  return json;
}

/**
 * Writes children's defaults into the default of their parent. The API server would do so when it stores an object, but
 * checks a default against the schema's CEL rules as it stands there, and refuses `{}` where a rule reads a field.
 */
function fillDefaults(schema: Json): void {
  const properties = (schema.properties ?? {}) as Record<string, Json>;
  for (const property of Object.values(properties)) fillDefaults(property);
  if (typeof schema.default !== "object" || schema.default === null) return;
  const defaults = Object.entries(properties).filter(([, property]) => property.default !== undefined);
  schema.default = {
    ...Object.fromEntries(defaults.map(([name, { default: value }]) => [name, value])),
    ...schema.default,
  };
}

/** The CustomResourceDefinition of a kind, ready for `kubectl apply`. */
export function customResourceDefinition(kind: Kind): Json {
  const { plural, singular, shortNames } = kind;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural, singular, shortNames, categories: ["jobwright"] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {}, ...(kind.scale && { scale: kind.scale }) },
          additionalPrinterColumns: kind.printerColumns,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: kind.description,
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: openApiSchema(kind.spec),
                status: openApiSchema(kind.status),
              },
              "x-kubernetes-validations": kind.rules,
            },
          },
        },
      ],
    },
  };
}
