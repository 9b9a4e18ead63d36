import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answersWithin, freePorts, type OwnedProcess, startOwned } from "../cluster/owned-process.ts";
import { findProgram, installPackages } from "../cluster/packages.ts";
import type { Certificate } from "./certificates.ts";
import {
  type BrokerNode,
  control,
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
import { type TlsListeners, writeCertificate } from "./tls.ts";
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
  /**
   * Ends it without warning, as a power cut would; resolves when it has ended. Quorum queues that were declared just before mostly
   * have no leader afterwards, for ever ("configured member of queue … was not found on this node", seen on 4.0.5: one to four of
   * those that were being declared without a pause): RabbitMQ writes down late which it has.
   */
  kill(): Promise<void>;
  /** The same at a moment when it has written down which quorum queues it has. */
  killWithQueuesKept(): Promise<void>;
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
  /** Shows another certificate to those who connect from now on. */
  present(certificate: Certificate): Promise<void>;
}

/**
 * Starts a RabbitMQ; resolves when it answers, after some seconds. It ends with this process at the latest.
 *
 * @param tls has it speak TLS too, and listen at an address of its own.
 */
export async function startPrivateBroker(
  version: BrokerVersion = defaultBrokerVersion,
  tls?: TlsListeners,
): Promise<PrivateBroker> {
  if (findProgram("mmdebstrap") === undefined) await installPackages(["mmdebstrap"]);
  await ensureBrokerRoot(version);

  const folder = mkdtempSync(join(tmpdir(), "jobwright-rabbitmq-"));
  const [amqpPort = 0, managementPort = 0, prometheusPort = 0, distributionPort = 0, epmdPort = 0] = await freePorts(5);
  const usual = tls && { amqpPort: 5672, managementPort: 15672 };
  const ports = { amqpPort, managementPort, prometheusPort, distributionPort, epmdPort, ...usual };
  const plan = { ...brokerPlans[version], ...ports };
  const nodeName = `private${randomBytes(4).toString("hex")}`;
  const node: BrokerNode = { version, nodeName, plan, folder };
  const settings = {
    ...{ address: tls?.host ?? loopback, username: "admin", password: randomBytes(18).toString("base64url") },
    tls: tls !== undefined,
  };
  const logFile = join(folder, "log");
  const home = join(folder, "home");
  let shown = tls?.certificate;

  const epmd = startOwned({ ...epmdProgram(node), logFile });
  async function launch(clock?: BrokerClock): Promise<OwnedProcess> {
    writeConfiguration(node, settings);
    if (shown) writeCertificate(home, shown);
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
    async killWithQueuesKept() {
      // In one go, since whoever declares queues goes on meanwhile. Who asked for it hears of a lost node.
      const halt = "erlang:halt(137, [{flush, false}])";
      await control(node, "eval", `lists:foreach(fun dets:sync/1, dets:all()), ${halt}.`).catch(() => {});
      await server.kill();
    },
    stop: () => server.stop("SIGTERM", 30_000),
    async start(clock) {
      if (!server.running) server = await launch(clock);
    },
    control: (...words) => control(node, ...words),
    async present(next) {
      shown = next;
      writeCertificate(home, next);
      // It keeps what it has read for two minutes.
      await control(node, "eval", "ssl:clear_pem_cache().");
    },
    async [Symbol.asyncDispose]() {
      // Its data go anyway: no reason to wait until it has written them.
      await server.kill();
      await epmd.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
