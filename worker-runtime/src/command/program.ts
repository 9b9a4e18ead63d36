import { Command, InvalidArgumentError, Option } from "commander";
import type { Logger } from "pino";
import { type CommandLine, resolveSettings } from "../configuration.ts";
import { configurationPath, type LogFormat, logFormats, telemetryPort } from "../contract/index.ts";
import { ConfigurationError, DefinitionError } from "../errors.ts";
import { openLog } from "../telemetry/log.ts";
import { startWorker } from "../worker.ts";
import { parseLane, parseRate } from "./flow-options.ts";
import { guardProcess } from "./guard-process.ts";
import { loadDefinition } from "./load.ts";
import { isAskedToStop, stopSignal } from "./stop-signal.ts";

interface Options extends CommandLine {
  readonly check?: boolean;
  readonly port: number;
  readonly logLevel: string;
  readonly logFormat: LogFormat;
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const upTo = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a whole number of at least ${least}${upTo}`);
  };
}

async function run(file: string, options: Options): Promise<void> {
  if (options.check) return await check(file, await openLog(options.logLevel, options.logFormat));
  const settings = await resolveSettings(options, process.env);
  const { queue, identity } = settings;
  const log = (await openLog(options.logLevel, options.logFormat)).child({ ...identity, queue });
  const definition = await loadDefinition(file);
  // Asked to stop before there was anything to stop.
  if (isAskedToStop()) process.exit(0);
  const worker = await startWorker({ definition, settings, log, telemetryPort: options.port, module: file });
  const guard = guardProcess(log);
  log.info(
    {
      jobs: definition.jobs.map(({ name }) => name),
      concurrency: settings.concurrency,
      telemetryPort: worker.telemetryPort,
    },
    "worker started",
  );

  const signal = await stopSignal();
  // Somebody at a terminal who asks twice does not want to wait for the drain.
  process.once("SIGINT", () => guard.end(130));
  log.info({ signal }, "asked to stop");
  await worker.stop();
  // Handlers that ignored their signal would keep the process alive.
  guard.end(0);
}

/** Says what the module defines; throws where a worker would not start with it. */
async function check(file: string, log: Logger): Promise<void> {
  const { jobs } = await loadDefinition(file);
  log.info({ file, jobs: jobs.map(({ name }) => name) }, "the module defines a worker");
  // It may have opened connections, which would keep the process.
  process.exit(0);
}

const program = new Command("jobwright-worker")
  .description("Runs the jobs that a module defines: in a WorkerPool's pod, or by hand against any RabbitMQ.")
  .argument("<file>", "module whose default export is defineWorker({ jobs: [ … ] })")
  .option("--check", "load the module, say which jobs it defines, and end: for an image's build")
  .option("--config <file>", `configuration that the operator mounted (default: ${configurationPath})`)
  .option("--broker <uri>", "run by hand against this broker: amqp://user:password@host:5672/vhost")
  .option("--queue <name>", "with --broker: the queue's resolved name, <namespace>.<name>")
  .option("--concurrency <count>", "with --broker: jobs run at once, 1 to 1000 (default: 1)", wholeNumber(1, 1_000))
  .option(
    "--lane <name:weight>",
    "with --broker: a lane served beside the queue, whose weight is 1; repeatable",
    parseLane,
  )
  .option(
    "--bounded",
    "with --broker: the JobQueue's limits bound its length, so what comes back has a queue of its own",
  )
  .option("--rate <jobs/per>", "with --broker: start at most so many jobs in so long, such as 10/1s", parseRate)
  .option("--keyring <directory>", "with --broker: the keys of a queue that encrypts, as its Secret is mounted")
  .option(
    "--port <port>",
    "port of /metrics, /healthz and /readyz; 0 picks a free one",
    wholeNumber(0, 65_535),
    telemetryPort,
  )
  .addOption(
    new Option("--log-level <level>", "how much is logged")
      .choices(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
      .env("LOG_LEVEL")
      .default("info"),
  )
  .addOption(
    new Option("--log-format <format>", "names of the log's fields: pino's own, or the Elastic Common Schema's")
      .choices(logFormats)
      .env("LOG_FORMAT")
      .default("json"),
  )
  .action(run);

/** Runs the command line; returns only by ending the process. */
export async function runProgram(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    const explained = error instanceof ConfigurationError || error instanceof DefinitionError;
    console.error(explained ? `jobwright-worker: ${error.message}` : error);
    process.exit(1);
  }
}
