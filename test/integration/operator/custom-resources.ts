// Vitest's global set-up for test/integration: the kinds as the schemas describe them now, in the test cluster.
import { setTimeout as pause } from "node:timers/promises";
import { customResourceDefinition } from "../../../operator/src/api/crd.ts";
import { jobQueue } from "../../../operator/src/api/job-queue.ts";
import { workerPool } from "../../../operator/src/api/worker-pool.ts";
import {
  type Condition,
  createKubeClient,
  type KubeClient,
  type KubeObject,
  loadKubeConfig,
} from "../../../operator/src/kube/index.ts";
import { readCluster } from "../../cluster/index.ts";

const definitions = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

interface Definition extends KubeObject {
  status?: { conditions?: Condition[] };
}

/** Makes them, and returns how to take away those that were not there: Helm would refuse to install over them. */
export default async function setup(): Promise<() => Promise<void>> {
  const client = createKubeClient(loadKubeConfig({ file: readCluster().kubeconfig }));
  const made: string[] = [];
  for (const kind of [jobQueue, workerPool]) {
    const definition = customResourceDefinition(kind) as unknown as Definition;
    const { name } = definition.metadata;
    if ((await client.get(definitions, name)) === undefined) made.push(name);
    await client.apply(definitions, definition, { fieldManager: "jobwright-tests", force: true });
    await established(client, name);
  }
  return async () => {
    for (const name of made) await client.delete(definitions, name);
    client.close();
  };
}

async function established(client: KubeClient, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const found = await client.get<Definition>(definitions, name);
    if (found?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True")) return;
    await pause(100);
  }
  throw new Error(`the API server did not establish ${name} within 10 s: see kubectl describe crd ${name}`);
}
