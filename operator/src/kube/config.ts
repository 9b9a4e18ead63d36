import { KubeConfig } from "@kubernetes/client-node";

/**
 * The cluster to talk to: the file given, else KUBECONFIG, else ~/.kube/config, else the pod's service account.
 * Throws when a file cannot be read or is no kubeconfig.
 */
export function loadKubeConfig({
  file,
  context,
}: {
  file?: string | undefined;
  context?: string | undefined;
} = {}): KubeConfig {
  const config = new KubeConfig();
  if (file !== undefined) {
    config.loadFromFile(file);
  } else {
    config.loadFromDefault();
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) {
      const known = config.getContexts().map((each) => each.name);
      throw new Error(`kubeconfig: no context "${context}"; there are: ${known.join(", ")}.`);
    }
    config.setCurrentContext(context);
  }
  return config;
}
