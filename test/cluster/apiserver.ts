import { readFileSync } from "node:fs";
import { apiServerPort, apiServerUrl, clusterDomain, nodeAddress, serviceNetwork } from "./addresses.ts";
import { auditLogFlags, prepareAuditLog } from "./audit-log.ts";
import { binary, kubernetesVersion } from "./binaries.ts";
import { certificatePath } from "./certificates.ts";
import type { Component } from "./component.ts";
import { etcdUrl } from "./etcd.ts";
import { answers } from "./http-health.ts";

export const apiServer: Component = {
  name: "kube-apiserver",
  version: () => kubernetesVersion,
  address: apiServerUrl,
  startTimeoutMs: 120_000,
  prepare: prepareAuditLog,
  process: () => ({
    name: "kube-apiserver",
    command: binary("kube-apiserver"),
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${nodeAddress}`,
      // The `kubernetes` Service leads pods to this address; loopback would be refused as an endpoint.
      `--advertise-address=${nodeAddress}`,
      `--secure-port=${apiServerPort}`,
      `--service-cluster-ip-range=${serviceNetwork}`,
      "--allow-privileged=true",
      "--authorization-mode=Node,RBAC",
      // The second has it ask, as some clusters do, whether who makes a blocking owner may change the owner's finalizers.
      "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
      `--client-ca-file=${certificatePath("ca.crt")}`,
      `--tls-cert-file=${certificatePath("apiserver.crt")}`,
      `--tls-private-key-file=${certificatePath("apiserver.key")}`,
      `--kubelet-client-certificate=${certificatePath("apiserver-kubelet-client.crt")}`,
      `--kubelet-client-key=${certificatePath("apiserver-kubelet-client.key")}`,
      // `kubectl logs` and `exec` go to the kubelet by address: nothing here resolves the node's name.
      "--kubelet-preferred-address-types=InternalIP",
      `--service-account-issuer=https://kubernetes.default.svc.${clusterDomain}`,
      `--service-account-key-file=${certificatePath("service-account.pub")}`,
      `--service-account-signing-key-file=${certificatePath("service-account.key")}`,
      // Aggregated APIs (metrics adapters) are asked through the API server in the caller's name.
      `--requestheader-client-ca-file=${certificatePath("front-proxy-ca.crt")}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      `--proxy-client-cert-file=${certificatePath("front-proxy-client.crt")}`,
      `--proxy-client-key-file=${certificatePath("front-proxy-client.key")}`,
      "--enable-aggregator-routing=true",
      ...auditLogFlags,
    ],
  }),
  healthy: () =>
    answers(`${apiServerUrl}/readyz`, {
      ca: readFileSync(certificatePath("ca.crt")),
      cert: readFileSync(certificatePath("admin.crt")),
      key: readFileSync(certificatePath("admin.key")),
    }),
};
