import { writeFileSync } from "node:fs";
import { clusterDomain, dnsHealthPort, dnsReadyPort, nodeAddress } from "./addresses.ts";
import { binary, corednsVersion } from "./binaries.ts";
import { certificatePath } from "./certificates.ts";
import type { Component } from "./component.ts";
import { answers } from "./http-health.ts";
import { statePath } from "./paths.ts";

const corefilePath = statePath("Corefile");

/** CoreDNS on the node itself: pods ask the bridge's address, and it needs neither an image nor a Service. */
export const dns: Component = {
  name: "coredns",
  version: () => corednsVersion,
  address: `${nodeAddress}:53`,
  prepare: () => writeFileSync(corefilePath, corefile()),
  process: () => ({ name: "coredns", command: binary("coredns"), args: ["-conf", corefilePath] }),
  healthy: () => answers(`http://127.0.0.1:${dnsReadyPort}/ready`),
};

function corefile(): string {
  return `. {
  bind ${nodeAddress}
  errors
  health 127.0.0.1:${dnsHealthPort}
  ready 127.0.0.1:${dnsReadyPort}
  kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
    kubeconfig ${certificatePath("coredns.kubeconfig")}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 5
  }
  forward . /etc/resolv.conf
  cache {
    success 9984 30
    denial 9984 1
    disable success ${clusterDomain}
    disable denial ${clusterDomain}
  }
}
`;
}

/** What CoreDNS may read, as its own Helm chart grants it. */
export const dnsAccess = [
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "system:coredns" },
    rules: [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "system:coredns" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" },
    subjects: [{ kind: "User", name: "system:coredns", apiGroup: "rbac.authorization.k8s.io" }],
  },
];
