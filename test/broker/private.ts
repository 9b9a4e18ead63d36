import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../cluster/command.ts";
import { answersWithin, freePorts, type OwnedProcess, startOwned } from "../cluster/owned-process.ts";
import { findProgram, installPackages } from "../cluster/packages.ts";
import {
  type BrokerNode,
  controlProgram,
  epmdProgram,
  nodeAnswers,
  serverProgram,
  vhostsAnswer,
  writeConfiguration,
} from "./components.ts";
import { type BrokerClock, hasten, prepareHastened } from "./hastened.ts";
import { ensureBrokerRoot } from "./root.ts";
import { type Broker, describeBroker } from "./server.ts";
import { loopback } from "./settings.ts";
import { type BrokerVersion, brokerPlans, defaultBrokerVersion } from "./versions.ts";

/**
 * A RabbitMQ of the caller's own on loopback, which it may kill without disturbing anybody. `await using` ends it and
 * drops its data. Its ports and its administrator stay the same over restarts.
 */
export interface PrivateBroker extends Broker, AsyncDisposable {
  /** Of the present run. */
  readonly pid: number;
  readonly running: boolean;
  /** What it printed, in all its runs. */
  readonly logFile: string;
  /** Ends it without warning, as a power cut would; resolves when it has ended. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /**
   * Starts it again with the data that it kept; resolves when it answers. Nothing happens when it runs.
   *
   * @param clock another than the machine's. It runs at its rate within a second after this has resolved.
   */
  start(clock?: BrokerClock): Promise<void>;
  /** Runs `rabbitmqctl`, for what the management API does not offer; resolves to what it prints. */
  control(...args: string[]): Promise<string>;
}

/** Starts a RabbitMQ; resolves when it answers, after some seconds. It ends with this process at the latest. */
export async function startPrivateBroker(version: BrokerVersion = defaultBrokerVersion): Promise<PrivateBroker> {
  if (findProgram("mmdebstrap") === undefined) await installPackages(["mmdebstrap"]);
  await ensureBrokerRoot(version);

  const folder = mkdtempSync(join(tmpdir(), "jobwright-rabbitmq-"));
  const [amqpPort = 0, managementPort = 0, prometheusPort = 0, distributionPort = 0, epmdPort = 0] = await freePorts(5);
  const plan = { ...brokerPlans[version], amqpPort, managementPort, prometheusPort, distributionPort, epmdPort };
  const nodeName = `private${randomBytes(4).toString("hex")}`;
  const node: BrokerNode = { version, nodeName, plan, folder };
  const settings = { address: loopback, username: "admin", password: randomBytes(18).toString("base64url") };
  const logFile = join(folder, "log");
  const home = join(folder, "home");

  const epmd = startOwned({ ...epmdProgram(node), logFile });
  async function launch(clock?: BrokerClock): Promise<OwnedProcess> {
    writeConfiguration(node, settings);
    if (clock !== undefined) await prepareHastened(home, clock);
    const beganMs = performance.now();
    const process = startOwned({ ...serverProgram(node, clock !== undefined), logFile });
    const answers = async () => (await nodeAnswers(plan, settings)) && (await vhostsAnswer(plan, settings));
    await answersWithin(process, { name: `RabbitMQ ${version}`, logFile, timeoutMs: 120_000 }, answers);
    if (clock !== undefined) hasten(home, clock, performance.now() - beganMs);
    return process;
  }

  let server: OwnedProcess;
  try {
    server = await launch();
  } catch (error) {
    await epmd.kill();
    throw error;
  }
  return {
    ...describeBroker(version, server.pid, plan, settings),
    get pid() {
      return server.pid;
    },
    get running() {
      return server.running;
    },
    logFile,
    kill: () => server.kill(),
    stop: () => server.stop("SIGTERM", 30_000),
    async start(clock) {
      if (!server.running) server = await launch(clock);
    },
    control(...words) {
      const { command, args, env } = controlProgram(node, words);
      return run(command, args, env === undefined ? {} : { env });
    },
    async [Symbol.asyncDispose]() {
      // Its data go anyway: no reason to wait until it has written them.
      await server.kill();
      await epmd.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
