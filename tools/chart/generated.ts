import { readFileSync } from "node:fs";
import { join } from "node:path";
import { kustomization } from "./kustomize.ts";
import { valuesPage } from "./values-page.ts";

export const root = join(import.meta.dirname, "../..");

/** Everything that follows from the chart, text by path. Needs Helm. */
export async function generated(): Promise<Map<string, string>> {
  const values = readFileSync(join(root, "charts/jobwright/values.yaml"), "utf8");
  const files = [...(await kustomization())].map(
    ([path, text]) => [join(root, "deploy/kustomize", path), text] as const,
  );
  return new Map([[join(root, "docs/fields/values.md"), valuesPage(values)], ...files]);
}

/** Whether a file is not there, or says something else. */
export function stale(path: string, files: ReadonlyMap<string, string>): boolean {
  try {
    return readFileSync(path, "utf8") !== files.get(path);
  } catch {
    return true;
  }
}
