import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { jobQueue } from "../../operator/src/api/job-queue.ts";
import { workerPool } from "../../operator/src/api/worker-pool.ts";
import { blocks, readPages } from "./pages.ts";

const kinds = new Map([jobQueue, workerPool].map((kind) => [kind.kind, kind]));
const manifest = z.looseObject({
  apiVersion: z.literal("jobwright.dev/v1alpha1"),
  kind: z.string(),
  spec: z.unknown(),
});

const manifests = readPages().flatMap(({ path, text }) =>
  blocks(text, "yaml")
    .flatMap((block) => parseAllDocuments(block).map((document) => manifest.safeParse(document.toJS())))
    .flatMap((parsed) => (parsed.success ? [{ page: path, ...parsed.data }] : [])),
);

/** Fields of `given` that the schema dropped since it does not know them. */
function unknownFields(given: unknown, read: unknown, path: string): string[] {
  if (typeof given !== "object" || given === null) return [];
  if (typeof read !== "object" || read === null) return [path];
  const known = new Map<string, unknown>(Object.entries(read));
  return Object.entries(given).flatMap(([key, value]) =>
    known.has(key) ? unknownFields(value, known.get(key), `${path}.${key}`) : [`${path}.${key}`],
  );
}

describe("the manifests of the docs", () => {
  it.each(manifests)("$page: $kind is what the API server takes", ({ kind, spec }) => {
    const schema = kinds.get(kind)?.spec;
    expect(schema, `no kind ${kind}`).toBeDefined();
    const read = schema?.parse(spec);
    expect(unknownFields(spec, read, "spec")).toEqual([]);
  });
});
