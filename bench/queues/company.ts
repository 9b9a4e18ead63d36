import { deployments } from "../../operator/src/kinds.ts";
import type { KubeClient } from "../../operator/src/kube/index.ts";

/** An operator that works in all namespaces would do half of the work that is measured. */
export async function refuseCompany(client: KubeClient): Promise<void> {
  const labelSelector = "app.kubernetes.io/name=jobwright,app.kubernetes.io/component=operator";
  const [installed] = (await client.list(deployments, { labelSelector })).items;
  if (installed === undefined) return;
  const { namespace, name } = installed.metadata;
  throw new Error(`An operator is installed here (Deployment ${namespace}/${name}): uninstall it to run this bench.`);
}
