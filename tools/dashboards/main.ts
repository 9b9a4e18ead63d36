// Writes the chart's dashboards: `npm run dashboards`. With --check it writes nothing and fails when they are not what stands here.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { dashboards } from "./dashboards.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "charts/jobwright/files/dashboards");
const check = process.argv.includes("--check");

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const stale: string[] = [];
for (const [name, dashboard] of Object.entries(dashboards())) {
  const path = join(folder, `${name}.json`);
  const text = `${JSON.stringify(dashboard, null, 2)}\n`;
  if (read(path) === text) continue;
  stale.push(relative(root, path));
  if (check) continue;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
}
if (check && stale.length > 0) {
  process.stderr.write(`Not what tools/dashboards says: ${stale.join(", ")}. Run \`npm run dashboards\` and commit.\n`);
  process.exit(1);
}
process.stdout.write(check || stale.length === 0 ? "Dashboards are up to date.\n" : `Wrote ${stale.join(", ")}.\n`);
