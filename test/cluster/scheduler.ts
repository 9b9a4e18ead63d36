import { schedulerPort } from "./addresses.ts";
import { binary, kubernetesVersion } from "./binaries.ts";
import { certificatePath } from "./certificates.ts";
import type { Component } from "./component.ts";
import { answers } from "./http-health.ts";

const url = `https://127.0.0.1:${schedulerPort}`;

export const scheduler: Component = {
  name: "kube-scheduler",
  version: () => kubernetesVersion,
  address: url,
  process: () => ({
    name: "kube-scheduler",
    command: binary("kube-scheduler"),
    args: [
      `--kubeconfig=${certificatePath("scheduler.kubeconfig")}`,
      `--authentication-kubeconfig=${certificatePath("scheduler.kubeconfig")}`,
      `--authorization-kubeconfig=${certificatePath("scheduler.kubeconfig")}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${schedulerPort}`,
      "--leader-elect=false",
    ],
  }),
  healthy: () => answers(`${url}/healthz`),
};
