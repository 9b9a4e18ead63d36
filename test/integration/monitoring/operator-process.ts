import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts, startOwned } from "../../cluster/owned-process.ts";
import type { Target } from "../../prometheus/index.ts";

/** An operator in a process of its own, as the image runs it: it waits for its Lease, and serves metrics. */
export interface OperatorProcess {
  readonly target: Target;
  /** Ends it in order, as the kubelet would. */
  stop(): Promise<void>;
}

/** @param folder takes its log. */
export async function startOperatorProcess(options: {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly folder: string;
}): Promise<OperatorProcess> {
  const { kubeconfig, namespace, folder } = options;
  const [port = 0] = await freePorts(1);
  const main = fileURLToPath(new URL("../../../operator/src/main.ts", import.meta.url));
  const where = ["--namespace", namespace, "--watch-namespaces", namespace, "--identity", "operator-0"];
  const server = startOwned({
    command: process.execPath,
    args: ["--conditions=source", main, ...where, "--port", `${port}`, "--resync", "5s"],
    env: { KUBECONFIG: kubeconfig },
    logFile: join(folder, "operator.log"),
  });
  const labels = { job: "jobwright-operator", namespace, pod: "operator-0" };
  return { target: { address: `127.0.0.1:${port}`, labels }, stop: () => server.stop() };
}
