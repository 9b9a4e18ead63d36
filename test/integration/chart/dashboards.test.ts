import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Rendered, render } from "./render.ts";

const folder = join(import.meta.dirname, "../../../charts/jobwright/files/dashboards");

test("the chart brings each dashboard as it is, for Grafana's sidecar, and only where it is asked to", () => {
  const dashboards = { enabled: true, labels: { team: "media" }, annotations: { grafana_folder: "Jobs" } };
  const maps = render({ monitoring: { dashboards } }).filter(({ kind }) => kind === "ConfigMap") as (Rendered & {
    data: Record<string, string>;
  })[];
  const files = readdirSync(folder);
  expect(files).toHaveLength(3);
  expect(maps.flatMap(({ data }) => Object.entries(data))).toEqual(
    files.map((file) => [`jobwright-${file}`, readFileSync(join(folder, file), "utf8")]),
  );
  for (const { metadata } of maps) {
    expect(metadata.labels).toMatchObject({ grafana_dashboard: "1", team: "media" });
    expect(metadata.annotations).toMatchObject({ grafana_folder: "Jobs" });
  }
  expect(render({}).map(({ kind }) => kind)).not.toContain("ConfigMap");
});
