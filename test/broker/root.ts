import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cluster/command.ts";
import { withLock } from "../cluster/lock.ts";
import { program } from "../cluster/packages.ts";
import { cachePath } from "../cluster/paths.ts";
import { slowStep } from "../cluster/progress.ts";
import { type BrokerVersion, brokerPlans } from "./versions.ts";

/** Where the broker's data folder is inside its root. */
export const home = "/var/lib/rabbitmq";

/** The folder of a small Debian system that has this RabbitMQ and its Erlang. */
export function brokerRoot(version: BrokerVersion): string {
  return cachePath(`rabbitmq-${version}`);
}

/** Makes the root when it is missing. A root of its own keeps Erlang and RabbitMQ's service off the machine. */
export async function ensureBrokerRoot(version: BrokerVersion): Promise<void> {
  const root = brokerRoot(version);
  if (existsSync(root)) return;
  // A bench's own broker may need it at the same time as the cluster's.
  await withLock(`${root}.lock`, `another process that makes a root with RabbitMQ ${version}`, async () => {
    if (existsSync(root)) return;
    const { suite } = brokerPlans[version];
    await slowStep(`Making a Debian ${suite} root with RabbitMQ ${version} (about half a minute, once)`, async () => {
      const partial = `${root}.partial`;
      rmSync(partial, { recursive: true, force: true });
      await run(program("mmdebstrap"), ["--variant=minbase", "--include=rabbitmq-server", suite, partial]);
      // Erlang looks its own node's host up here, and not every release's minimal root has the file.
      writeFileSync(join(partial, "etc", "hosts"), "127.0.0.1 localhost\n::1 localhost\n");
      renameSync(partial, root);
    });
  });
}
