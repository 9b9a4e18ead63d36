import type { KubeClient, KubeObject } from "../../operator/src/kube/index.ts";
import { operatorNamespace } from "./installation.ts";

const leases = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", namespaced: true };
type Lease = KubeObject & { spec: { holderIdentity?: string } };

/** Who led, one after the other, since it began to look; "" where a leader had handed the Lease back and nobody had taken it. */
export interface LeaseHistory extends AsyncDisposable {
  readonly holders: readonly { readonly holder: string; readonly atMs: number }[];
}

/** The operator that leads now. */
export async function leader(client: KubeClient): Promise<string> {
  return (await client.get<Lease>(leases, "jobwright-operator", operatorNamespace))?.spec.holderIdentity ?? "";
}

export async function watchLease(client: KubeClient): Promise<LeaseHistory> {
  const holders: { holder: string; atMs: number }[] = [];
  const ending = new AbortController();
  const { resourceVersion } = await client.list<Lease>(leases, { namespace: operatorNamespace });
  const watching = (async () => {
    const options = { namespace: operatorNamespace, resourceVersion, timeoutSeconds: 600 };
    for await (const { type, object } of client.watch<Lease>(leases, options, ending.signal)) {
      if (type !== "ADDED" && type !== "MODIFIED") continue;
      const holder = object.spec.holderIdentity ?? "";
      if (holders.at(-1)?.holder !== holder) holders.push({ holder, atMs: Date.now() });
    }
  })();
  return {
    holders,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching.catch(() => {});
    },
  };
}
