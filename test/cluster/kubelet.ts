import { mkdirSync, writeFileSync } from "node:fs";
import { clusterDomain, kubeletHealthPort, kubeletPort, nodeAddress, nodeName } from "./addresses.ts";
import { binary, kubernetesVersion } from "./binaries.ts";
import { certificatePath } from "./certificates.ts";
import type { Component } from "./component.ts";
import { containerdSocket } from "./containerd.ts";
import { answers } from "./http-health.ts";
import { statePath } from "./paths.ts";

const configurationPath = statePath("kubelet.json");

export const kubelet: Component = {
  name: "kubelet",
  version: () => kubernetesVersion,
  address: `https://${nodeAddress}:${kubeletPort}`,
  prepare: () => {
    mkdirSync(statePath("kubelet"), { recursive: true });
    mkdirSync(statePath("pod-logs"), { recursive: true });
    writeFileSync(configurationPath, JSON.stringify(kubeletConfiguration(), undefined, 2));
  },
  process: () => ({
    name: "kubelet",
    command: binary("kubelet"),
    args: [
      `--config=${configurationPath}`,
      `--kubeconfig=${certificatePath("kubelet.kubeconfig")}`,
      `--root-dir=${statePath("kubelet")}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
    ],
    // It calls mount, iptables and nsenter by name.
    env: { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` },
  }),
  healthy: () => answers(`http://127.0.0.1:${kubeletHealthPort}/healthz`),
};

function kubeletConfiguration() {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: nodeAddress,
    port: kubeletPort,
    healthzPort: kubeletHealthPort,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: certificatePath("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    clusterDNS: [nodeAddress],
    clusterDomain,
    podLogsDir: statePath("pod-logs"),
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // A developer's nearly full disk must not evict the pods under test.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    // Imported images can be fetched from nowhere again: never collect them.
    imageGCHighThresholdPercent: 100,
    maxPods: 200,
    // The default of one pod start at a time every 200 ms is for registries with limits.
    serializeImagePulls: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
  };
}
