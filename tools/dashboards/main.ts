// Writes the chart's dashboards: `npm run dashboards`. With --check it writes nothing and fails when they are not what stands here.
import { join } from "node:path";
import { keepGenerated, root } from "../generated-files.ts";
import { dashboards } from "./dashboards.ts";

const files = Object.entries(dashboards()).map(
  ([name, dashboard]) =>
    [join(root, `charts/jobwright/files/dashboards/${name}.json`), `${JSON.stringify(dashboard, null, 2)}\n`] as const,
);
keepGenerated(new Map(files), {
  ...{ source: "tools/dashboards says", command: "dashboards", upToDate: "Dashboards are" },
});
