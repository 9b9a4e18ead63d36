import { controllerManagerPort, podNetwork } from "./addresses.ts";
import { binary, kubernetesVersion } from "./binaries.ts";
import { certificatePath } from "./certificates.ts";
import type { Component } from "./component.ts";
import { answers } from "./http-health.ts";

const url = `https://127.0.0.1:${controllerManagerPort}`;

export const controllerManager: Component = {
  name: "kube-controller-manager",
  version: () => kubernetesVersion,
  address: url,
  process: () => ({
    name: "kube-controller-manager",
    command: binary("kube-controller-manager"),
    args: [
      `--kubeconfig=${certificatePath("controller-manager.kubeconfig")}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${controllerManagerPort}`,
      "--leader-elect=false",
      "--use-service-account-credentials=true",
      `--root-ca-file=${certificatePath("ca.crt")}`,
      `--service-account-private-key-file=${certificatePath("service-account.key")}`,
      `--cluster-cidr=${podNetwork}`,
      // It declares pods failed, every 20 s, that are being deleted without ever having had a node; tests run such pods' workers
      // themselves, and end them in their own time.
      "--controllers=*,-pod-garbage-collector-controller",
    ],
  }),
  healthy: () => answers(`${url}/healthz`),
};
