import { ensureRunning } from "../cluster/component.ts";
import { findRunning, readRecord, signalProcess, stopProcess, waitForExit } from "../cluster/processes.ts";
import { brokerComponents, epmdName, serverName } from "./components.ts";
import type { BrokerSettings } from "./configuration.ts";
import { loopback, readSettings, removeSettings } from "./settings.ts";
import { type BrokerPlan, type BrokerVersion, brokerPlans, brokerVersions } from "./versions.ts";

/** A RabbitMQ that runs now, and how to reach it. */
export interface Broker {
  version: BrokerVersion;
  /** The Erlang VM's: what {@link killBroker} kills. It changes with every start. */
  pid: number;
  /** Where this machine reaches it. */
  host: string;
  /** Where pods reach it; undefined beside a cluster that is not ours, whose pods may not reach this machine. */
  podHost: string | undefined;
  amqpPort: number;
  managementPort: number;
  prometheusPort: number;
  /** An administrator. */
  username: string;
  password: string;
  /** `amqp://user:password@host:port`, to which a test adds `/<vhost>`. */
  amqpUrl: string;
  /** `http://host:port`, without credentials. */
  managementUrl: string;
}

/** The broker of this version, if it runs. */
export function readBroker(version: BrokerVersion): Broker | undefined {
  const record = findRunning(serverName(version));
  const settings = readSettings(version);
  if (record === undefined || settings === undefined) return undefined;
  return describeBroker(version, record.pid, brokerPlans[version], settings);
}

/** How to reach a broker that runs. */
export function describeBroker(
  version: BrokerVersion,
  pid: number,
  { amqpPort, managementPort, prometheusPort }: BrokerPlan,
  { address, username, password }: BrokerSettings,
): Broker {
  return {
    version,
    pid,
    host: address,
    podHost: address === loopback ? undefined : address,
    amqpPort,
    managementPort,
    prometheusPort,
    username,
    password,
    amqpUrl: `amqp://${username}:${password}@${address}:${amqpPort}`,
    managementUrl: `http://${address}:${managementPort}`,
  };
}

/**
 * Starts a broker that `up` has set up before, or does nothing when it runs; resolves when it answers. Its data are
 * those it had when it ended.
 */
export async function startBroker(version: BrokerVersion): Promise<Broker> {
  for (const component of brokerComponents(version)) await ensureRunning(component);
  const broker = readBroker(version);
  if (broker === undefined) throw new Error(`RabbitMQ ${version} ended right after its start`);
  return broker;
}

/** Stops a broker in order, as a restart of its host would; resolves when it has ended. */
export async function stopBroker(version: BrokerVersion): Promise<void> {
  await stopProcess(serverName(version), 30_000);
}

/** Kills a broker without warning, as a power cut would; resolves when it has ended. */
export async function killBroker(version: BrokerVersion): Promise<void> {
  const record = readRecord(serverName(version));
  if (record === undefined) return;
  signalProcess(record, "SIGKILL");
  if (!(await waitForExit(record, 5_000))) throw new Error(`RabbitMQ ${version} survived SIGKILL (pid ${record.pid})`);
}

/** Ends every broker and its name daemon, and drops their data. */
export async function removeBrokers(): Promise<void> {
  await Promise.all(
    brokerVersions.map(async (version) => {
      await stopProcess(serverName(version), 30_000);
      await stopProcess(epmdName(version));
      removeSettings(version);
    }),
  );
}
