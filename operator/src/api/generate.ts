// Writes the CustomResourceDefinitions and the docs' field reference from the zod schemas: `npm run crds`. With --check it
// writes nothing and fails when what is in the repository is not what the schemas say.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition } from "./crd.ts";
import { fieldReference } from "./field-reference.ts";
import { jobQueue } from "./job-queue.ts";
import { group } from "./kind.ts";
import { workerPool } from "./worker-pool.ts";

const root = join(import.meta.dirname, "../../..");
// The chart and the kustomization carry copies of their own: neither Helm nor kustomize reads a file outside its folder.
const folders = ["crds", "charts/jobwright/files/crds", "deploy/kustomize/crds"].map((folder) => join(root, folder));
// YAML 1.1 is what kubectl and Helm read: there an unquoted time is no string.
const yamlOptions = { lineWidth: 120, aliasDuplicateObjects: false, version: "1.1" } as const;
const check = process.argv.includes("--check");

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const stale: string[] = [];

function keep(path: string, text: string): void {
  if (read(path) === text) return;
  stale.push(relative(root, path));
  if (check) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

for (const kind of [jobQueue, workerPool]) {
  const yaml = `# Generated from operator/src/api by \`npm run crds\`. Do not edit.\n${stringify(customResourceDefinition(kind), yamlOptions)}`;
  for (const folder of folders) keep(join(folder, `${group}_${kind.plural}.yaml`), yaml);
  keep(join(root, `docs/fields/${kind.singular}.md`), fieldReference(kind));
}

if (check && stale.length > 0) {
  process.stderr.write(`Not what operator/src/api generates: ${stale.join(", ")}. Run \`npm run crds\` and commit.\n`);
  process.exit(1);
}
process.stdout.write(
  check || stale.length === 0 ? "CRDs and field reference are up to date.\n" : `Wrote ${stale.join(", ")}.\n`,
);
