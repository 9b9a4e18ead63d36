import { Command, InvalidArgumentError } from "commander";
import { type BrokerVersion, brokerVersions, defaultBrokerVersion, parseBrokerVersion } from "../broker/versions.ts";
import { readCluster } from "./cluster.ts";
import { clusterEnvironment, renderExports } from "./environment.ts";
import { report } from "./progress.ts";
import { up } from "./up.ts";

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
    process.stdout.write(renderExports(clusterEnvironment(readCluster())));
  });

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
