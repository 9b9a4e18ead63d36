import { relative } from "node:path";
import { expect, test } from "vitest";
import { generated } from "../../../tools/chart/generated.ts";
import { isStale, root } from "../../../tools/generated-files.ts";
import { kubectl } from "../operator/kubectl.ts";

test("what follows from the chart is up to date, or run `npm run chart`", async () => {
  const files = await generated();
  const wrong = [...files].filter(([path, text]) => isStale(path, text)).map(([path]) => relative(root, path));
  expect(wrong).toEqual([]);
});

test("kubectl takes the kustomization for the definitions and the operator", async () => {
  const { stdout, stderr } = await kubectl(["kustomize", "deploy/kustomize"]);
  expect(stderr).toBe("");
  expect(stdout.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(2);
  expect(stdout).toMatch(/^kind: Deployment$/m);
  expect(stdout).not.toContain("Helm");
});
