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
import { kubectl } from "./kubectl.ts";

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
    await notGoing(client, name);
    if ((await client.get(definitions, name)) === undefined) made.push(name);
    await client.apply(definitions, definition, { fieldManager: "jobwright-tests", force: true });
    await established(client, name);
  }
  // kubectl may remember a discovery from before the kinds were made, in which it finds no category jobwright.
  await until("tell kubectl of them", async () => (await kubectl(["get", "jobqueues,workerpools"])).ok);
  return async () => {
    for (const name of made) await client.delete(definitions, name);
    client.close();
  };
}

/** One that an earlier run took away may be there until the last object of its kind is: what is applied to it would go with it. */
function notGoing(client: KubeClient, name: string): Promise<void> {
  return until(`delete ${name} (see which objects of it are left)`, async () => {
    const found = await client.get<Definition>(definitions, name);
    return found?.metadata.deletionTimestamp === undefined;
  });
}

function established(client: KubeClient, name: string): Promise<void> {
  const isTrue = ({ type, status }: Condition) => type === "Established" && status === "True";
  return until(`establish ${name}`, async () => {
    const found = await client.get<Definition>(definitions, name);
    return found?.status?.conditions?.some(isTrue) ?? false;
  });
}

const limitSeconds = 60;

async function until(what: string, isDone: () => Promise<boolean>): Promise<void> {
  for (const untilMs = Date.now() + limitSeconds * 1000; Date.now() < untilMs; await pause(100)) {
    if (await isDone()) return;
  }
  throw new Error(`the API server did not ${what} within ${limitSeconds} s: see kubectl describe crd`);
}
