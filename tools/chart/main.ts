// Writes what follows from the chart: `npm run chart`. The page of its values, and deploy/kustomize for those who have no Helm. With
// --check it writes nothing and fails when what is in the repository is not what the chart says.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { buildBinary } from "../../test/cluster/binaries.ts";
import { generated, root, stale } from "./generated.ts";

await buildBinary("helm");
const files = await generated();
const changed = [...files.keys()].filter((path) => stale(path, files));
const names = changed.map((path) => relative(root, path)).join(", ");
if (process.argv.includes("--check") && changed.length > 0) {
  process.stderr.write(`Not what charts/jobwright says: ${names}. Run \`npm run chart\` and commit.\n`);
  process.exit(1);
}
for (const path of changed) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, files.get(path) ?? "");
}
process.stdout.write(changed.length === 0 ? "What follows from the chart is up to date.\n" : `Wrote ${names}.\n`);
