import { deployments } from "../../operator/src/kinds.ts";
import type { Deployment } from "../../operator/src/workerpool/deployment.ts";
import { name, type Workspace } from "./workspace.ts";

/** The numbers of workers that a pool's Deployment has asked for, one after the other, since it began to look. */
export interface ReplicaHistory extends AsyncDisposable {
  readonly steps: readonly { readonly replicas: number; readonly atMs: number }[];
  /** The largest of them. */
  peak(): number;
}

export async function watchReplicas({ client, namespace }: Workspace): Promise<ReplicaHistory> {
  const steps: { replicas: number; atMs: number }[] = [];
  const ending = new AbortController();
  function note(deployment: Deployment): void {
    const replicas = deployment.spec.replicas ?? 0;
    if (deployment.metadata.name !== name || steps.at(-1)?.replicas === replicas) return;
    steps.push({ replicas, atMs: Date.now() });
  }
  const { items, resourceVersion } = await client.list<Deployment>(deployments, { namespace });
  for (const deployment of items) note(deployment);
  const watching = (async () => {
    for await (const event of client.watch<Deployment>(
      deployments,
      { namespace, resourceVersion, timeoutSeconds: 600 },
      ending.signal,
    )) {
      if (event.type === "ADDED" || event.type === "MODIFIED") note(event.object);
    }
  })();
  return {
    steps,
    peak: () => Math.max(0, ...steps.map(({ replicas }) => replicas)),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching.catch(() => {});
    },
  };
}
