// Writes docs/metrics.md from the registries of operator and worker: `npm run metrics`. With --check it writes nothing and
// fails when the page is not what they say.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { metricsPage } from "./page.ts";
import { sections } from "./sections.ts";

const path = join(import.meta.dirname, "../../docs/metrics.md");

function read(): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const page = metricsPage(await sections());
const isStale = read() !== page;
if (isStale && process.argv.includes("--check")) {
  process.stderr.write("docs/metrics.md is not what the registries say. Run `npm run metrics` and commit.\n");
  process.exit(1);
}
if (isStale) writeFileSync(path, page);
process.stdout.write(isStale ? "Wrote docs/metrics.md.\n" : "docs/metrics.md is up to date.\n");
