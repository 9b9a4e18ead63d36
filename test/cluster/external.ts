import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { ownKubeconfig } from "./paths.ts";

/** The kubeconfig of the user's own cluster, if KUBECONFIG names one. Our own file in it (after `env`) is not one. */
export function externalKubeconfig(): string | undefined {
  const named = process.env.KUBECONFIG;
  if (named === undefined || named === "") return undefined;
  return canonical(named) === canonical(ownKubeconfig) ? undefined : named;
}

function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
