import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { promtool } from "../../test/prometheus/index.ts";
import { repositoryRoot } from "../docs/pages.ts";
import { sections } from "../metrics/sections.ts";
import { expectedAlerts, readRules, ruleFiles, ruleTests } from "./files.ts";

// The first run on a machine installs promtool.
const timeout = 180_000;
const rules = readRules();
const alerts = rules.filter(({ alert }) => alert !== undefined);
const runbooks = join(repositoryRoot, "docs/runbooks");

describe("the rules of the chart", () => {
  it("are what Prometheus takes", { timeout }, async () => {
    await promtool("check", "rules", ...ruleFiles);
  });

  it("fire for their causes and are silent at near misses", { timeout }, async () => {
    await promtool("test", "rules", ...ruleTests);
  });

  it.each(alerts)("$alert is tested both ways", ({ alert }) => {
    const tests = expectedAlerts().filter((expected) => expected.alert === alert);
    expect(new Set(tests.map(({ fires }) => fires))).toEqual(new Set([true, false]));
  });

  it.each(alerts)(
    "$alert says how grave it is, what is the matter, and where to read on",
    ({ alert = "", labels, annotations }) => {
      expect(["info", "warning", "critical"]).toContain(labels.severity);
      expect(annotations.summary).toBeDefined();
      expect(annotations.description).toBeDefined();
      expect(annotations.runbook_url).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
      expect(existsSync(join(runbooks, `${alert}.md`))).toBe(true);
    },
  );

  it("have a page each, and no page is of none", () => {
    const pages = readdirSync(runbooks).map((name) => name.replace(/\.md$/, ""));
    const names = alerts.map(({ alert }) => alert).toSorted();
    expect(pages.toSorted()).toEqual(names);
    const overview = readFileSync(join(repositoryRoot, "docs/monitoring.md"), "utf8");
    expect([...overview.matchAll(/\(runbooks\/(\w+)\.md\)/g)].map(([, name]) => name).toSorted()).toEqual(names);
  });

  it("ask only for metrics that operator and worker have, or that another rule records", async () => {
    const registered = (await sections()).flatMap(({ metrics }) => metrics.map(({ name }) => name));
    const known = new Set([...registered, ...rules.flatMap(({ record }) => record ?? [])]);
    const asked = rules.flatMap(({ expr, annotations }) => namesIn([expr, ...Object.values(annotations)].join(" ")));
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
    expect(asked.length).toBeGreaterThan(alerts.length);
  });
});

/** What looks like a metric of ours, or of a Go operator. */
function namesIn(text: string): string[] {
  return text.match(/(?:jobwright[_:]|controller_runtime_|leader_election_)[\w:]+/g) ?? [];
}
