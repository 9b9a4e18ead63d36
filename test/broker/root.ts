import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { run } from "../cluster/command.ts";
import { program } from "../cluster/packages.ts";
import { cacheDirectory, cachePath } from "../cluster/paths.ts";
import { slowStep } from "../cluster/progress.ts";
import { type BrokerVersion, brokerPlans } from "./versions.ts";

/** The folder of a small Debian system that has this RabbitMQ and its Erlang. */
export function brokerRoot(version: BrokerVersion): string {
  return cachePath(`rabbitmq-${version}`);
}

/** Makes the root when it is missing. A root of its own keeps Erlang and RabbitMQ's service off the machine. */
export async function ensureBrokerRoot(version: BrokerVersion): Promise<void> {
  const root = brokerRoot(version);
  if (existsSync(root)) return;
  const { suite } = brokerPlans[version];
  await slowStep(`Making a Debian ${suite} root with RabbitMQ ${version} (about half a minute, once)`, async () => {
    mkdirSync(cacheDirectory, { recursive: true });
    const partial = `${root}.partial`;
    rmSync(partial, { recursive: true, force: true });
    await run(program("mmdebstrap"), ["--variant=minbase", "--include=rabbitmq-server", suite, partial]);
    renameSync(partial, root);
  });
}
