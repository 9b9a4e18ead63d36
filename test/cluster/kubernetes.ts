import { apiServer } from "./apiserver.ts";
import type { Component } from "./component.ts";
import { containerd } from "./containerd.ts";
import { controllerManager } from "./controller-manager.ts";
import { dns } from "./dns.ts";
import { etcd } from "./etcd.ts";
import { kubeProxy } from "./kube-proxy.ts";
import { kubelet } from "./kubelet.ts";
import { scheduler } from "./scheduler.ts";

/** The programs of the cluster in the order of their start: each stage needs what the one before it started. */
export const kubernetesStages: Component[][] = [
  [etcd, containerd],
  [apiServer],
  [controllerManager, scheduler, kubelet, kubeProxy, dns],
];

export const kubernetesComponents: Component[] = kubernetesStages.flat();
