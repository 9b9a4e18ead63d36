import { rmSync } from "node:fs";
import { removeBrokers } from "../broker/server.ts";
import { containerd } from "./containerd.ts";
import { killLeftShims, removeContainers, removePodCgroups, unmountUnder } from "./containers.ts";
import { kubelet } from "./kubelet.ts";
import { kubernetesStages } from "./kubernetes.ts";
import { withClusterLock } from "./lock.ts";
import { removeNetwork } from "./network.ts";
import { cachePath, stateDirectory, statePath } from "./paths.ts";
import { findRunning, stopProcess } from "./processes.ts";
import { report } from "./progress.ts";
import { userId } from "./requirements.ts";

/**
 * Ends everything that `up` started and takes back what it changed. Kept: built programs, imported images, certificates
 * and logs. The Kubernetes objects and the brokers' data go.
 * @param options.purge drops the images, certificates and logs as well, and buildah's layers.
 */
export async function down(options: { purge: boolean }): Promise<void> {
  if (userId() !== 0) throw new Error("`down` needs root, as `up` did: run the same command with sudo");
  await withClusterLock(async () => {
    const brokers = removeBrokers();
    // The kubelet would start again what is removed behind its back.
    await stopProcess(kubelet.name, 5_000);
    if (findRunning(containerd.name) !== undefined) await removeContainers();
    for (const stage of kubernetesStages.toReversed()) {
      await Promise.all(stage.map((component) => stopProcess(component.name, 5_000)));
    }
    await killLeftShims();
    await brokers;
    await removePodCgroups();
    await unmountUnder(stateDirectory);
    await unmountUnder(cachePath("images"));
    await removeNetwork();
    for (const folder of ["etcd", "kubelet", "pod-logs", "audit", "run"])
      rmSync(statePath(folder), { recursive: true, force: true });
    if (options.purge) {
      for (const folder of ["containerd", "images", "certificates", "logs", "bin", "kubeconfig"]) {
        rmSync(statePath(folder), { recursive: true, force: true });
      }
      rmSync(cachePath("images"), { recursive: true, force: true });
    }
  });
  report("The cluster is down");
}
