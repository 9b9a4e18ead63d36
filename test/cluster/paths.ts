import { homedir } from "node:os";
import { join } from "node:path";

/** Where the running cluster lives: pids, certificates, logs, etcd's data, containerd's images. */
export const stateDirectory = process.env.JOBWRIGHT_CLUSTER_DIR ?? "/var/lib/jobwright-cluster";

/** What takes minutes to build and is the same for every checkout: Go programs, Debian roots, buildah's layers. */
const cacheDirectory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "jobwright");

/** A path inside the state directory. */
export function statePath(...parts: string[]): string {
  return join(stateDirectory, ...parts);
}

/** A path inside the cache directory. */
export function cachePath(...parts: string[]): string {
  return join(cacheDirectory, ...parts);
}

/** The administrator's kubeconfig of the cluster that `up` starts. */
export const ownKubeconfig = statePath("kubeconfig");

/** The folder that `env` puts first in PATH: kubectl, helm, etcdctl, ctr of the cluster's own versions. */
export const binDirectory = statePath("bin");
