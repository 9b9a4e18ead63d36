import { Command, InvalidArgumentError } from "commander";
import { type BrokerVersion, brokerVersions, defaultBrokerVersion, parseBrokerVersion } from "../broker/versions.ts";
import { readCluster } from "./cluster.ts";
import { down } from "./down.ts";
import { clusterEnvironment, renderExports } from "./environment.ts";
import { buildImage } from "./image-build.ts";
import { importImage } from "./image-import.ts";
import { binDirectory } from "./paths.ts";
import { report } from "./progress.ts";
import { readStatus, renderStatus } from "./status.ts";
import { up } from "./up.ts";

interface ImageOptions {
  tag: string;
  file: string;
  target?: string;
  buildArg: Record<string, string>;
}

const program = new Command("npm run cluster --")
  .description("A real single-node Kubernetes and RabbitMQ for development and tests, without Docker.")
  .showHelpAfterError();

program
  .command("up")
  .description("install, build and start what is missing; restart what has died; nothing when all is well")
  .option("--rabbitmq <version>", `RabbitMQ to start: ${brokerVersions.join(" or ")}`, version, defaultBrokerVersion)
  .action(async (options: { rabbitmq: BrokerVersion }) => {
    const startedAt = Date.now();
    await up(options);
    report("The cluster is up", Date.now() - startedAt);
    report('To use it from this shell: eval "$(npm run -s cluster -- env)"');
  });

program
  .command("env")
  .description('print shell exports for the cluster that runs: eval "$(npm run -s cluster -- env)"')
  .action(() => {
    const cluster = readCluster();
    process.stdout.write(renderExports(clusterEnvironment(cluster), cluster.external ? undefined : binDirectory));
  });

program
  .command("down")
  .description("end everything that `up` started; built programs and imported images stay")
  .option("--purge", "drop imported images, certificates, logs and build layers as well", false)
  .action((options: { purge: boolean }) => down(options));

program
  .command("status")
  .description("show every component: whether it runs, its pid, version, memory and address")
  .action(async () => {
    const rows = await readStatus();
    process.stdout.write(renderStatus(rows));
    if (rows.some(({ state }) => state !== "running")) process.exitCode = 1;
  });

const image = program.command("image").description("images for the cluster's pods");

image
  .command("build")
  .argument("<context>", "the folder to build in")
  .description("build an image and give it to the cluster; nothing when nothing has changed")
  .requiredOption("--tag <name>", "the image's name; localhost/ is put before it when it names no host")
  .option("--file <path>", "the Dockerfile, relative to the context", "Dockerfile")
  .option("--target <stage>", "the stage to stop at (default: the last)")
  .option("--build-arg <name=value>", "a build argument; may be given many times", buildArgument, {})
  .action(async (context: string, options: ImageOptions) => {
    const { reference } = await buildImage({
      context,
      tag: options.tag,
      file: options.file,
      ...(options.target === undefined ? {} : { target: options.target }),
      buildArguments: options.buildArg,
      onOutput: (text) => process.stderr.write(text),
    });
    process.stdout.write(`${reference}\n`);
  });

program
  .command("load")
  .argument("<archive>", "an image archive, Docker's or OCI's")
  .description("give an image that was built elsewhere to the cluster")
  .action((archive: string) => importImage(archive));

try {
  await program.parseAsync();
} catch (error) {
  report(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function version(text: string): BrokerVersion {
  try {
    return parseBrokerVersion(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function buildArgument(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError(`expected name=value, found ${JSON.stringify(text)}`);
  }
  return { ...before, [name]: value };
}
