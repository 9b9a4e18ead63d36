import { binary } from "../cluster/binaries.ts";
import { run } from "../cluster/command.ts";
import { readCluster } from "../cluster/index.ts";

/** Runs kubectl as a user would, and returns what it printed. @throws CommandError with its words. */
export function kubectl(...args: string[]): Promise<string> {
  return run(binary("kubectl"), ["--kubeconfig", readCluster().kubeconfig, ...args]);
}

/** `kubectl apply` of objects. @throws CommandError with the API server's words. */
export async function apply(...objects: object[]): Promise<void> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  await run(binary("kubectl"), ["--kubeconfig", readCluster().kubeconfig, "apply", "-f", "-"], { input });
}

/** Runs helm, and returns what it printed. @throws CommandError with its words. */
export function helm(...args: string[]): Promise<string> {
  return run(binary("helm"), ["--kubeconfig", readCluster().kubeconfig, ...args]);
}
