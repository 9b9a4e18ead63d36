import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { repositoryRoot } from "../docs/pages.ts";

const rulesDirectory = join(repositoryRoot, "charts/jobwright/files/rules");
const testsDirectory = join(repositoryRoot, "test/rules");

const rule = z.object({
  alert: z.string().optional(),
  record: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
export type Rule = z.infer<typeof rule>;
const ruleFile = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(rule) })) });

const testFile = z.object({
  tests: z.array(
    z.object({ alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })) }),
  ),
});

const yamlIn = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(directory, name));

/** Paths of the rules that the chart brings. */
export const ruleFiles = yamlIn(rulesDirectory);
/** Paths of promtool's tests for them. */
export const ruleTests = yamlIn(testsDirectory);

export function readRules(): Rule[] {
  return ruleFiles.flatMap((path) =>
    ruleFile.parse(parse(readFileSync(path, "utf8"))).groups.flatMap(({ rules }) => rules),
  );
}

/** What the tests expect of each alert, once for each moment that they look at. */
export function expectedAlerts(): { readonly alert: string; readonly fires: boolean }[] {
  return ruleTests.flatMap((path) =>
    testFile
      .parse(parse(readFileSync(path, "utf8")))
      .tests.flatMap(({ alert_rule_test }) =>
        alert_rule_test.map(({ alertname, exp_alerts }) => ({ alert: alertname, fires: exp_alerts.length > 0 })),
      ),
  );
}
