import type { Broker } from "../broker/server.ts";
import { compactVersion } from "../broker/versions.ts";
import type { Cluster } from "./cluster.ts";
import { containerdSocket } from "./containerd.ts";
import { binDirectory } from "./paths.ts";

/** The environment variables that `env` exports, PATH aside. */
export function clusterEnvironment(cluster: Cluster): Record<string, string> {
  const [defaultBroker] = cluster.brokers;
  return {
    KUBECONFIG: cluster.kubeconfig,
    ...(cluster.external ? {} : { CONTAINERD_ADDRESS: containerdSocket, CONTAINERD_NAMESPACE: "k8s.io" }),
    ...(defaultBroker === undefined ? {} : brokerVariables("JOBWRIGHT_BROKER", defaultBroker)),
    ...Object.assign(
      {},
      ...cluster.brokers.map((broker) => brokerVariables(`JOBWRIGHT_BROKER_${compactVersion(broker.version)}`, broker)),
    ),
  };
}

function brokerVariables(prefix: string, broker: Broker): Record<string, string> {
  return {
    [`${prefix}_VERSION`]: broker.version,
    [`${prefix}_HOST`]: broker.host,
    ...(broker.podHost === undefined ? {} : { [`${prefix}_POD_HOST`]: broker.podHost }),
    [`${prefix}_AMQP_PORT`]: `${broker.amqpPort}`,
    [`${prefix}_AMQP_URL`]: broker.amqpUrl,
    [`${prefix}_MANAGEMENT_PORT`]: `${broker.managementPort}`,
    [`${prefix}_MANAGEMENT_URL`]: broker.managementUrl,
    [`${prefix}_USERNAME`]: broker.username,
    [`${prefix}_PASSWORD`]: broker.password,
  };
}

/** Shell commands that export the variables and put the cluster's programs first in PATH. */
export function renderExports(variables: Record<string, string>): string {
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  return [...exports, `export PATH=${shellQuote(binDirectory)}:"$PATH"`, ""].join("\n");
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
