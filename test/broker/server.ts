import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Component, ensureRunning } from "../cluster/component.ts";
import { answers } from "../cluster/http-health.ts";
import { program } from "../cluster/packages.ts";
import { statePath } from "../cluster/paths.ts";
import {
  findRunning,
  type ProcessSpec,
  readRecord,
  signalProcess,
  stopProcess,
  waitForExit,
} from "../cluster/processes.ts";
import { type BrokerSettings, brokerConfiguration } from "./configuration.ts";
import { brokerRoot } from "./root.ts";
import { type BrokerVersion, brokerPlans, brokerVersions, compactVersion } from "./versions.ts";

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

const loopback = "127.0.0.1";
/** Where the broker's data folder is inside its root. */
const home = "/var/lib/rabbitmq";

const folder = (version: BrokerVersion) => statePath("broker", version);
const serverName = (version: BrokerVersion) => `rabbitmq-${compactVersion(version)}`;
const epmdName = (version: BrokerVersion) => `epmd-${compactVersion(version)}`;

function readSettings(version: BrokerVersion): BrokerSettings | undefined {
  try {
    return JSON.parse(readFileSync(`${folder(version)}/settings.json`, "utf8")) as BrokerSettings;
  } catch {
    return undefined;
  }
}

/**
 * Decides once, until `down`, where a broker listens and its administrator's password.
 * @param address an address of this machine; the pods' bridge, so that pods reach it, or loopback without pods.
 */
export function ensureSettings(version: BrokerVersion, address: string): void {
  const before = readSettings(version);
  if (before?.address === address) return;
  mkdirSync(folder(version), { recursive: true, mode: 0o700 });
  const settings: BrokerSettings = {
    address,
    username: "admin",
    password: before?.password ?? randomBytes(18).toString("base64url"),
  };
  writeFileSync(`${folder(version)}/settings.json`, JSON.stringify(settings), { mode: 0o600 });
}

/** What a broker of this version is, running or not. Its root must be there before it is started. */
export function brokerComponents(version: BrokerVersion): Component[] {
  const plan = brokerPlans[version];
  return [
    {
      name: epmdName(version),
      version: () => "",
      address: `${loopback}:${plan.epmdPort}`,
      process: () =>
        insideRoot(version, epmdName(version), ["/usr/bin/epmd", "-address", loopback, "-port", `${plan.epmdPort}`]),
      // It answers no HTTP; running is all there is to see, and the broker does not start without it.
      healthy: () => Promise.resolve(true),
    },
    {
      name: serverName(version),
      version: () => version,
      address: `${readSettings(version)?.address ?? loopback}:${plan.amqpPort}`,
      startTimeoutMs: 120_000,
      stopTimeoutMs: 30_000,
      prepare: () => prepare(version),
      process: () => insideRoot(version, serverName(version), ["/bin/sh", "-c", serverScript], environment(version)),
      healthy: () => brokerAnswers(version),
    },
  ];
}

// With this variable the script becomes the Erlang VM instead of waiting for it, so the recorded pid is the broker's.
const serverScript = "RUNNING_UNDER_SYSTEMD=true exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server";

function environment(version: BrokerVersion): Record<string, string> {
  const plan = brokerPlans[version];
  return {
    RABBITMQ_NODENAME: `jobwright${compactVersion(version)}@localhost`,
    RABBITMQ_MNESIA_BASE: `${home}/data`,
    RABBITMQ_CONFIG_FILE: `${home}/rabbitmq`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${home}/enabled_plugins`,
    RABBITMQ_LOG_BASE: `${home}/log`,
    RABBITMQ_LOGS: "-",
    RABBITMQ_DIST_PORT: `${plan.distributionPort}`,
    // Erlang nodes talk to each other and to rabbitmqctl over loopback only.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    ERL_CRASH_DUMP: `${home}/erl_crash.dump`,
    ERL_EPMD_ADDRESS: loopback,
    ERL_EPMD_PORT: `${plan.epmdPort}`,
  };
}

function prepare(version: BrokerVersion): void {
  const settings = readSettings(version);
  if (settings === undefined) throw new Error(`RabbitMQ ${version} has no settings: run \`npm run cluster -- up\``);
  mkdirSync(`${folder(version)}/home/data`, { recursive: true });
  writeFileSync(`${folder(version)}/home/rabbitmq.conf`, brokerConfiguration(brokerPlans[version], settings));
  writeFileSync(`${folder(version)}/home/enabled_plugins`, "[rabbitmq_management,rabbitmq_prometheus].\n");
}

/**
 * Runs a program in the broker's root with its own view of mounts: they vanish with it and nothing is left to unmount.
 * `unshare`, `sh` and `chroot` each become the next one, so the pid stays the same to the end.
 */
function insideRoot(
  version: BrokerVersion,
  name: string,
  command: string[],
  env: Record<string, string> = {},
): ProcessSpec {
  const root = brokerRoot(version);
  mkdirSync(`${folder(version)}/home`, { recursive: true });
  const script = [
    "set -e",
    `mount --rbind /proc "${root}/proc"`,
    `mount --rbind /dev "${root}/dev"`,
    `mount --bind "${folder(version)}/home" "${root}${home}"`,
    `exec chroot "${root}" "$@"`,
  ].join("\n");
  return {
    name,
    command: program("unshare"),
    args: ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...command],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: home, ...env },
  };
}

function brokerAnswers(version: BrokerVersion): Promise<boolean> {
  const settings = readSettings(version);
  if (settings === undefined) return Promise.resolve(false);
  const url = `http://${settings.address}:${brokerPlans[version].managementPort}/api/health/checks/port-listener/${brokerPlans[version].amqpPort}`;
  return answers(url, { auth: `${settings.username}:${settings.password}` });
}

/** The broker of this version, if it runs. */
export function readBroker(version: BrokerVersion): Broker | undefined {
  const record = findRunning(serverName(version));
  const settings = readSettings(version);
  if (record === undefined || settings === undefined) return undefined;
  const { amqpPort, managementPort, prometheusPort } = brokerPlans[version];
  const { address, username, password } = settings;
  return {
    version,
    pid: record.pid,
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
      rmSync(folder(version), { recursive: true, force: true });
    }),
  );
}

/** The versions that `up` has set up and `down` has not removed. */
export function knownBrokers(): BrokerVersion[] {
  return brokerVersions.filter((version) => readSettings(version) !== undefined);
}
