import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../generated-files.ts";
import { kustomization } from "./kustomize.ts";
import { valuesPage } from "./values-page.ts";

/** Everything that follows from the chart, text by path. Needs Helm. */
export async function generated(): Promise<Map<string, string>> {
  const values = readFileSync(join(root, "charts/jobwright/values.yaml"), "utf8");
  const files = [...(await kustomization())].map(
    ([path, text]) => [join(root, "deploy/kustomize", path), text] as const,
  );
  return new Map([[join(root, "docs/fields/values.md"), valuesPage(values)], ...files]);
}
