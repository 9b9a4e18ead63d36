import type { Broker } from "../broker/server.ts";
import { compactVersion } from "../broker/versions.ts";
import type { Cluster } from "./cluster.ts";
import { containerdSocket } from "./containerd.ts";

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

/**
 * Shell commands that export the variables and put a folder of programs first in PATH.
 * @param programs undefined where the user's own programs are the right ones: beside a cluster of their own.
 */
export function renderExports(variables: Record<string, string>, programs?: string): string {
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  if (programs !== undefined) exports.push(`export PATH=${shellQuote(programs)}:"$PATH"`);
  return `${exports.join("\n")}\n`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
