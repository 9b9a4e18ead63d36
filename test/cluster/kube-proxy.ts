import { writeFileSync } from "node:fs";
import { kubeProxyHealthPort, nodeName, podNetwork } from "./addresses.ts";
import { binary, kubernetesVersion } from "./binaries.ts";
import { certificatePath } from "./certificates.ts";
import type { Component } from "./component.ts";
import { answers } from "./http-health.ts";
import { statePath } from "./paths.ts";

const configurationPath = statePath("kube-proxy.json");

export const kubeProxy: Component = {
  name: "kube-proxy",
  version: () => kubernetesVersion,
  address: `http://127.0.0.1:${kubeProxyHealthPort}`,
  prepare: () => writeFileSync(configurationPath, JSON.stringify(kubeProxyConfiguration(), undefined, 2)),
  process: () => ({
    name: "kube-proxy",
    command: binary("kube-proxy"),
    args: [`--config=${configurationPath}`, `--hostname-override=${nodeName}`],
    env: { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` },
  }),
  healthy: () => answers(`http://127.0.0.1:${kubeProxyHealthPort}/healthz`),
};

function kubeProxyConfiguration() {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: certificatePath("kube-proxy.kubeconfig") },
    mode: "iptables",
    clusterCIDR: podNetwork,
    bindAddress: "127.0.0.1",
    healthzBindAddress: `127.0.0.1:${kubeProxyHealthPort}`,
    // All pods share one bridge. Without br_netfilter a reply between two of them would skip the address translation
    // that its request went through; from the bridge's own address it always comes back the same way.
    iptables: { masqueradeAll: true, minSyncPeriod: "100ms" },
    // The kernel's own limits stay as they are: a VM may not let them be set.
    conntrack: { maxPerCore: 0, min: 0 },
  };
}
