// Writes the CustomResourceDefinitions and the docs' field reference from the zod schemas: `npm run crds`. With --check it
// writes nothing and fails when what is in the repository is not what the schemas say.
import { join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition } from "../../operator/src/api/crd.ts";
import { fieldReference } from "../../operator/src/api/field-reference.ts";
import { jobQueue } from "../../operator/src/api/job-queue.ts";
import { group } from "../../operator/src/api/kind.ts";
import { workerPool } from "../../operator/src/api/worker-pool.ts";
import { keepGenerated, root } from "../generated-files.ts";

// The chart and the kustomization carry copies of their own: neither Helm nor kustomize reads a file outside its folder.
const folders = ["crds", "charts/jobwright/files/crds", "deploy/kustomize/crds"].map((folder) => join(root, folder));
// YAML 1.1 is what kubectl and Helm read: there an unquoted time is no string.
const yamlOptions = { lineWidth: 120, aliasDuplicateObjects: false, version: "1.1" } as const;

const files = new Map<string, string>();
for (const kind of [jobQueue, workerPool]) {
  const yaml = `# Generated from operator/src/api by \`npm run crds\`. Do not edit.\n${stringify(customResourceDefinition(kind), yamlOptions)}`;
  for (const folder of folders) files.set(join(folder, `${group}_${kind.plural}.yaml`), yaml);
  files.set(join(root, `docs/fields/${kind.singular}.md`), fieldReference(kind));
}
keepGenerated(files, {
  ...{ source: "operator/src/api generates", command: "crds", upToDate: "CRDs and field reference are" },
});
