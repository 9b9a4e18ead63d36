import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gauge, Registry } from "prom-client";
import { expect, test } from "vitest";
import { serveTelemetry } from "../../../operator/src/telemetry/server.ts";
import { promtool, startPrometheus } from "../../prometheus/index.ts";

test("a Prometheus scrapes what it is told to, fires what rules say, and answers", { timeout: 180_000 }, async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-rules-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rules = join(folder, "rules.yaml");
  const alert = {
    alert: "Late",
    expr: "waiting > 3",
    annotations: { summary: "{{ $value }} wait in {{ $labels.namespace }}" },
  };
  writeFileSync(rules, JSON.stringify({ groups: [{ name: "test", rules: [alert] }] }));
  expect(await promtool("check", "rules", rules)).toContain("1 rules found");

  const registry = new Registry();
  const waiting = new Gauge({ name: "waiting", help: "Jobs.", labelNames: ["namespace"], registers: [registry] });
  waiting.set({ namespace: "media" }, 3);
  await using telemetry = await serveTelemetry({ port: 0, registry, awaits: () => [] });
  await using prometheus = await startPrometheus({ rules: [rules] });
  prometheus.scrape([{ address: `127.0.0.1:${telemetry.port}`, labels: { job: "operator", namespace: "elsewhere" } }]);

  await expect
    .poll(() => prometheus.query("sum by (job, namespace) (waiting)"))
    .toEqual([{ labels: { job: "operator", namespace: "media" }, value: 3 }]);
  expect(await prometheus.labelValues("namespace", "waiting")).toEqual(["media"]);
  expect(await prometheus.alerts()).toEqual([]);
  waiting.set({ namespace: "media" }, 4);
  await expect
    .poll(() => prometheus.alerts())
    .toMatchObject([{ name: "Late", state: "firing", annotations: { summary: "4 wait in media" } }]);
  const nowSeconds = Date.now() / 1000;
  const range = { fromSeconds: nowSeconds - 5, toSeconds: nowSeconds, stepSeconds: 1 };
  const [series] = await prometheus.queryRange("waiting", range);
  expect(series?.points.at(-1)?.[1]).toBe(4);
  await expect(prometheus.query("sum(")).rejects.toThrow("unclosed left parenthesis");
});
