import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dashboards } from "./dashboards.ts";
import { filledIn, named, panelsOf, questionsOf, variablesOf } from "./questions.ts";

test("variables are filled in as Grafana does it, and one that is not there is an error", () => {
  const values = { namespace: "media", pool: ["a", "b"], one: ["a"] };
  expect(filledIn('x{namespace="$namespace", pool=~"$pool"}', values)).toBe('x{namespace="media", pool=~"(a|b)"}');
  expect(filledIn('x{pool=~"$one"}', values)).toBe('x{pool=~"a"}');
  expect(() => filledIn("x[$interval]", values)).toThrow("no variable $interval");
  expect(named("{{namespace}}/{{pool}} {{none}}", { namespace: "media", pool: "a" })).toBe("media/a ");
});

/** Names of all series that operator and workers have, as docs/metrics.md tells them. */
function seriesNames(): Set<string> {
  const page = readFileSync(join(import.meta.dirname, "../../docs/metrics.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)];
  return new Set(rows.flatMap(([, name, type]) => (type === "histogram" ? [`${name}_bucket`] : [name ?? ""])));
}

test("no query asks for a metric that nobody has", () => {
  const known = seriesNames();
  const expressions = Object.values(dashboards()).flatMap((dashboard) => [
    ...panelsOf(dashboard).flatMap((panel) => questionsOf(panel).map(({ expression }) => expression)),
    ...variablesOf(dashboard).map(({ selector }) => selector),
  ]);
  const asked = new Set(
    expressions.flatMap((expression) => expression.match(/\b[a-z]+_[a-z0-9_]+(?=[{[\s)]|$)/g) ?? []),
  );
  for (const word of ["group_left", "on", "vector", "histogram_quantile"]) asked.delete(word);
  expect(asked.size).toBeGreaterThan(30);
  expect([...asked].filter((name) => !known.has(name))).toEqual([]);
});

test.for(Object.entries(dashboards()))("the %s dashboard is whole", ([name, dashboard]) => {
  expect(dashboard).toMatchObject({ uid: `jobwright-${name}`, tags: ["jobwright"] });
  const panels = panelsOf(dashboard);
  for (const { title, description, targets, gridPos } of panels) {
    expect(description, title).toMatch(/\.$/);
    expect(targets?.length, title).toBeGreaterThan(0);
    expect((gridPos?.x ?? 0) + (gridPos?.w ?? 25), title).toBeLessThanOrEqual(24);
  }
  // No two panels in one place, and no two of a name.
  expect(new Set(panels.map(({ gridPos }) => `${gridPos?.x} ${gridPos?.y}`)).size).toBe(panels.length);
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  // Each label that a legend names is one that its query keeps.
  for (const { legend, expression } of panels.flatMap(questionsOf)) {
    for (const [, label = ""] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(expression, legend).toContain(label);
  }
  expect(variablesOf(dashboard).map(({ name }) => name)[0]).toBe("namespace");
});
