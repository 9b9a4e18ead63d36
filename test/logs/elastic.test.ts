import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LogField, logFields } from "../../worker-runtime/src/contract/index.ts";
import { problemsOf } from "./conforming.ts";
import { indexTemplate, mappedFields } from "./index-template.ts";

const root = join(import.meta.dirname, "../..");
const elastic = join(root, "observability/elastic");

test("docs/logs.md has every field, with its names in both formats", () => {
  const text = readFileSync(join(root, "docs/logs.md"), "utf8");
  const rows = Object.entries<LogField>(logFields).map(
    ([name, { ecs, type, meaning }]) => `| \`${name}\` | \`${ecs}\` | ${type} | ${meaning} |`,
  );
  expect(text).toContain(["| `json` | `ecs` | type | meaning |", "| --- | --- | --- | --- |", ...rows, ""].join("\n"));
});

// `npx vitest run --project unit test/logs -u` writes it anew.
test("the index template maps the fields of the contract", async () => {
  const json = `${JSON.stringify(indexTemplate(), null, 2)}\n`;
  await expect(json).toMatchFileSnapshot(join(elastic, "index-template.json"));
});

describe("the saved searches", () => {
  interface Saved {
    type: string;
    id: string;
    attributes: { title: string; columns?: string[]; kibanaSavedObjectMeta?: { searchSourceJSON: string } };
    references: { name: string; type: string; id: string }[];
  }
  const saved = readFileSync(join(elastic, "saved-objects.ndjson"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line): Saved => JSON.parse(line));
  const [view, ...searches] = saved;

  test("begin with the view of the data that the template is for", () => {
    expect(view).toMatchObject({ type: "index-pattern", attributes: { title: "logs-jobwright-*" } });
  });

  test.each(searches.map((search) => [search.attributes.title, search] as const))(
    "%s: fields that there are",
    (_, search) => {
      const { columns = [], kibanaSavedObjectMeta } = search.attributes;
      const source = JSON.parse(kibanaSavedObjectMeta?.searchSourceJSON ?? "{}");
      const queried = [...String(source.query.query).matchAll(/([\w.@]+)\s*:/g)].map(([, field = ""]) => field);
      expect(queried.length + columns.length).toBeGreaterThan(2);
      for (const field of [...columns, ...queried]) expect([...mappedFields().keys()], field).toContain(field);
      expect(search.references).toEqual([{ name: source.indexRefName, type: "index-pattern", id: view?.id }]);
    },
  );
});

test("a line is told what is wrong with it", () => {
  const line = { time: "2026-01-01T00:00:00.000Z", level: "info", msg: "x", service: "jobwright-worker" };
  expect(problemsOf(line, "json")).toEqual([]);
  expect(problemsOf({ ...line, msg: 3, count: 1.5, other: 1 }, "json")).toEqual([
    "msg is 3, expected text",
    "count is 1.5, expected long",
    "other is not in the schema",
  ]);
  expect(problemsOf({ ...line, error: { type: "E", code: 1 } }, "ecs")).toContain("error.code is not in the schema");
});
