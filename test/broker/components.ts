import { mkdirSync, writeFileSync } from "node:fs";
import { run } from "../cluster/command.ts";
import type { Component } from "../cluster/component.ts";
import { answers } from "../cluster/http-health.ts";
import { program } from "../cluster/packages.ts";
import type { ProcessSpec } from "../cluster/processes.ts";
import { type BrokerSettings, brokerConfiguration } from "./configuration.ts";
import { deadLetterWorkersEndAlone } from "./dead-letter-workers.ts";
import { hastened } from "./hastened.ts";
import { brokerRoot, home } from "./root.ts";
import { brokerFolder, loopback, readSettings } from "./settings.ts";
import { type BrokerPlan, type BrokerVersion, brokerPlans, compactVersion } from "./versions.ts";

/** One RabbitMQ: what tells its program, ports and data from another's. */
export interface BrokerNode {
  readonly version: BrokerVersion;
  /** The Erlang node is called so, at localhost. */
  readonly nodeName: string;
  readonly plan: BrokerPlan;
  /** Where its data and configuration are. */
  readonly folder: string;
}

/** The name of the broker's process record and log. */
export const serverName = (version: BrokerVersion) => `rabbitmq-${compactVersion(version)}`;
/** The same of its Erlang name daemon. */
export const epmdName = (version: BrokerVersion) => `epmd-${compactVersion(version)}`;

/** The broker of this version that all tests share. */
function sharedNode(version: BrokerVersion): BrokerNode {
  const nodeName = `jobwright${compactVersion(version)}`;
  return { version, nodeName, plan: brokerPlans[version], folder: brokerFolder(version) };
}

/** What a broker of this version is, running or not. Its root must be there before it is started. */
export function brokerComponents(version: BrokerVersion): Component[] {
  const node = sharedNode(version);
  const { plan } = node;
  return [
    {
      name: epmdName(version),
      version: () => "",
      address: `${loopback}:${plan.epmdPort}`,
      process: () => ({ name: epmdName(version), ...epmdProgram(node) }),
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
      process: () => ({ name: serverName(version), ...serverProgram(node) }),
      healthy: () => brokerAnswers(version),
      started: async () => void (await control(node, "eval", deadLetterWorkersEndAlone)),
    },
  ];
}

type Program = Omit<ProcessSpec, "name">;

/** Erlang's name daemon of a node. */
export function epmdProgram(node: BrokerNode): Program {
  return insideRoot(node, ["/usr/bin/epmd", "-address", loopback, "-port", `${node.plan.epmdPort}`]);
}

/** The broker itself; {@link writeConfiguration} comes first. */
export function serverProgram(node: BrokerNode, ownClock = false): Program {
  const env = environment(node);
  return insideRoot(node, ["/bin/sh", "-c", serverScript], ownClock ? hastened(env) : env);
}

/** Runs `rabbitmqctl` of a node, for what the management API does not offer; resolves to what it prints. */
export function control(node: BrokerNode, ...words: readonly string[]): Promise<string> {
  const script = 'exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmqctl "$@"';
  const { command, args, env = {} } = insideRoot(node, ["/bin/sh", "-c", script, "sh", ...words], environment(node));
  return run(command, args, { env });
}

// With this variable the script becomes the Erlang VM instead of waiting for it, so the recorded pid is the broker's.
// A library that is preloaded is inside the root, so not before here.
const serverScript =
  "RUNNING_UNDER_SYSTEMD=true LD_PRELOAD=$BROKER_PRELOAD exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server";

function environment({ nodeName, plan }: BrokerNode): Record<string, string> {
  return {
    RABBITMQ_NODENAME: `${nodeName}@localhost`,
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
  writeConfiguration(sharedNode(version), settings);
}

/** Writes what a node reads when it starts. */
export function writeConfiguration({ folder, plan }: BrokerNode, settings: BrokerSettings): void {
  mkdirSync(`${folder}/home/data`, { recursive: true });
  writeFileSync(`${folder}/home/rabbitmq.conf`, brokerConfiguration(plan, settings));
  writeFileSync(
    `${folder}/home/enabled_plugins`,
    "[rabbitmq_management,rabbitmq_prometheus,rabbitmq_event_exchange].\n",
  );
}

/**
 * Runs a program in the broker's root with its own view of mounts: they vanish with it and nothing is left to unmount.
 * `unshare`, `sh` and `chroot` each become the next one, so the pid stays the same to the end.
 */
function insideRoot({ version, folder }: BrokerNode, command: string[], env: Record<string, string> = {}): Program {
  const root = brokerRoot(version);
  mkdirSync(`${folder}/home`, { recursive: true });
  const script = [
    "set -e",
    `mount --rbind /proc "${root}/proc"`,
    `mount --rbind /dev "${root}/dev"`,
    `mount --bind "${folder}/home" "${root}${home}"`,
    `exec chroot "${root}" "$@"`,
  ].join("\n");
  return {
    command: program("unshare"),
    args: ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...command],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: home, ...env },
  };
}

function brokerAnswers(version: BrokerVersion): Promise<boolean> {
  const settings = readSettings(version);
  return settings === undefined ? Promise.resolve(false) : nodeAnswers(brokerPlans[version], settings);
}

/** Whether a node takes AMQP connections and its management API answers. */
export function nodeAnswers(plan: BrokerPlan, settings: BrokerSettings): Promise<boolean> {
  return checks(plan, settings, `port-listener/${plan.amqpPort}`);
}

/** Whether all its virtual hosts are up as well. */
export function vhostsAnswer(plan: BrokerPlan, settings: BrokerSettings): Promise<boolean> {
  return checks(plan, settings, "virtual-hosts");
}

function checks(plan: BrokerPlan, { address, username, password }: BrokerSettings, check: string): Promise<boolean> {
  const url = `http://${address}:${plan.managementPort}/api/health/checks/${check}`;
  return answers(url, { auth: `${username}:${password}` });
}
