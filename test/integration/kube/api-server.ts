import { onTestFinished } from "vitest";
import {
  createKubeClient,
  type KubeClient,
  type KubeConfig,
  type KubeObject,
  loadKubeConfig,
} from "../../../operator/src/kube/index.ts";
import { readCluster } from "../../cluster/index.ts";

/** The test cluster's kubeconfig and a client, closed when the test is over. */
export function connect(options?: { requestTimeoutMs?: number }): { config: KubeConfig; client: KubeClient } {
  const config = loadKubeConfig({ file: readCluster().kubeconfig });
  return { config, client: clientFor(config, options) };
}

/** A client that is closed when the test is over. */
export function clientFor(config: KubeConfig, options?: { requestTimeoutMs?: number }): KubeClient {
  const client = createKubeClient(config, options);
  onTestFinished(() => client.close());
  return client;
}

/** The same cluster and user behind another address. */
export function configBehind(config: KubeConfig, server: string): KubeConfig {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (!cluster || !user) {
    throw new Error("the kubeconfig's current context needs a cluster and a user");
  }
  const behind = loadKubeConfig({ file: readCluster().kubeconfig });
  if (server.startsWith("http:")) {
    // client-node speaks plain HTTP only where it need not verify.
    behind.loadFromClusterAndUser({ name: "proxied", server, skipTLSVerify: true }, { name: "nobody" });
  } else {
    // Every API server's certificate carries this name; the proxy's address it cannot carry.
    behind.loadFromClusterAndUser({ ...cluster, server, tlsServerName: "kubernetes.default.svc" }, user);
  }
  return behind;
}

const namespaces = { group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false };
export const configMaps = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** A namespace of the test's own, removed when the test is over. */
export async function createNamespace(client: KubeClient): Promise<string> {
  const name = `kube-${uniqueName()}`;
  await client.create(namespaces, { metadata: { name } });
  onTestFinished(() => client.delete(namespaces, name));
  return name;
}

/** Lower-case letters and digits, different each time. */
export function uniqueName(): string {
  return `t${crypto.randomUUID().slice(0, 8)}`;
}
