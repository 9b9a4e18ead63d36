import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { binary } from "../../test/cluster/binaries.ts";
import { run } from "../../test/cluster/command.ts";

const chart = join(import.meta.dirname, "../../charts/jobwright");
const header =
  "# Generated from charts/jobwright by `npm run chart`. Do not edit: patch it in a kustomization of your own.\n";
const namespace = "jobwright";
/** Says something of Helm alone. */
const helmLabels = ["app.kubernetes.io/managed-by", "helm.sh/chart"];

/**
 * What `kubectl apply -k` takes, text by path: the chart with its defaults, and Secret `rabbitmq` for the broker. The custom
 * resource definitions, which `npm run crds` writes, are a folder of their own, so that the operator can be deleted without them and
 * all that is made of them.
 */
export async function kustomization(): Promise<Map<string, string>> {
  const flags = ["--namespace", namespace, "--kube-version", "1.34.0", "--skip-tests"];
  const values = ["--set", "crds.enabled=false,broker.secretName=rabbitmq"];
  const rendered = await run(binary("helm"), ["template", "jobwright", chart, ...flags, ...values]);
  const crds = readdirSync(join(chart, "files/crds"));
  const namespaceObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  const kind = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };
  return new Map([
    ["kustomization.yaml", header + stringify({ ...kind, resources: ["crds", "operator"] })],
    ["crds/kustomization.yaml", header + stringify({ ...kind, resources: crds })],
    [
      "operator/kustomization.yaml",
      header + stringify({ ...kind, namespace, resources: ["namespace.yaml", "operator.yaml"] }),
    ],
    ["operator/namespace.yaml", header + stringify(namespaceObject)],
    ["operator/operator.yaml", header + withoutHelm(rendered)],
  ]);
}

function withoutHelm(rendered: string): string {
  const documents = parseAllDocuments(rendered).filter(({ contents }) => contents !== null);
  for (const document of documents) {
    for (const metadata of [["metadata"], ["spec", "template", "metadata"]]) {
      for (const label of helmLabels) {
        if (document.hasIn([...metadata, "labels", label])) document.deleteIn([...metadata, "labels", label]);
      }
    }
  }
  const texts = documents.map((document) => document.toString({ lineWidth: 0, flowCollectionPadding: false }));
  return texts.map((text) => text.replace(/^---\n/, "").replace(/^# Source: .*\n/, "")).join("---\n");
}
