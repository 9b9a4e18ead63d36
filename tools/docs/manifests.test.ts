import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { jobQueue } from "../../operator/src/api/job-queue.ts";
import { workerPool } from "../../operator/src/api/worker-pool.ts";
import { blocks, readPages, repositoryRoot } from "./pages.ts";

const kinds = new Map([jobQueue, workerPool].map((kind) => [kind.kind, kind]));
const manifest = z.looseObject({
  apiVersion: z.literal("jobwright.dev/v1alpha1"),
  kind: z.string(),
  spec: z.unknown(),
});

/** What the chart tells who has just installed it to apply. */
const notes = join("charts", "jobwright", "templates", "NOTES.txt");
const afterInstall = readFileSync(join(repositoryRoot, notes), "utf8")
  .split(/^.*<<EOF\n|^ *EOF\n/m)
  .filter((_, index) => index % 2 === 1);

const sources = [
  ...readPages().map(({ path, text }) => ({ path, yaml: blocks(text, "yaml") })),
  { path: notes, yaml: afterInstall },
];

const manifests = sources.flatMap(({ path, yaml }) =>
  yaml
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
