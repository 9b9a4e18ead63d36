import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stringify } from "yaml";
import { applyBrokerSecret, operatorImage } from "./installation.ts";
import { kubectl } from "./kubectl.ts";

const base = join(import.meta.dirname, "../../deploy/kustomize/operator");
const namespace = "jobwright-e2e-kustomize";

/** Applies deploy/kustomize as a user would, with a kustomization of his own for image and namespace. Disposed of, the operator goes. */
export async function applyKustomization(): Promise<AsyncDisposable> {
  const { name, tag } = await operatorImage();
  const folder = mkdtempSync(join(tmpdir(), "jobwright-kustomize-"));
  const local = { op: "add", path: "/spec/template/spec/containers/0/imagePullPolicy", value: "Never" };
  const overlay = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    namespace,
    resources: [relative(folder, base)],
    images: [{ name: "ghcr.io/jobwright/operator", newName: name, newTag: tag }],
    patches: [{ target: { kind: "Deployment" }, patch: JSON.stringify([local]) }],
  };
  writeFileSync(join(folder, "kustomization.yaml"), stringify(overlay));
  await applyBrokerSecret(namespace);
  await kubectl("apply", "-k", folder);
  await kubectl("rollout", "status", "deployment/jobwright", "-n", namespace, "--timeout=120s");
  return {
    async [Symbol.asyncDispose]() {
      await kubectl("delete", "-k", folder, "--timeout=120s");
      rmSync(folder, { recursive: true });
    },
  };
}
