import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildah } from "../../test/cluster/buildah.ts";
import { type OwnedProcess, startOwned } from "../../test/cluster/owned-process.ts";

/** An image's file system, whose programs are run there as in a container: as its user, with its variables. */
export interface ImageRoot extends AsyncDisposable {
  readonly entrypoint: readonly string[];
  /** Writes a file that the image's user can read. */
  write(path: string, text: string): void;
  start(command: readonly string[], env?: Record<string, string>): Started;
}

export interface Started {
  readonly process: OwnedProcess;
  readonly startedAtMs: number;
  /** All that it has written so far. */
  output(): string;
}

/** What buildah says of an image or a container, as far as it is read here. */
interface Inspected {
  OCIv1: { config: { Env?: string[]; Entrypoint?: string[] } };
}

const user = "65532:65532";

export async function openImageRoot(reference: string): Promise<ImageRoot> {
  const container = (await buildah(["from", reference])).trim();
  const root = (await buildah(["mount", container])).trim();
  const { config } = (JSON.parse(await buildah(["inspect", container])) as Inspected).OCIv1;
  const variables = Object.fromEntries((config.Env ?? []).map((one) => one.split(/=(.*)/s, 2) as [string, string]));
  const logs: string[] = [];
  return {
    entrypoint: config.Entrypoint ?? [],
    write: (path, text) => writeFileSync(join(root, path), text, { mode: 0o644 }),
    start(command, env = {}) {
      const logFile = join(tmpdir(), `jobwright-bench-image-${randomUUID()}.log`);
      logs.push(logFile);
      const startedAtMs = Date.now();
      const started = startOwned({
        command: "chroot",
        args: [`--userspec=${user}`, root, ...command],
        // setpriv and chroot are found by it as well, before the image's root is theirs.
        env: { ...variables, ...env, PATH: `${variables.PATH}:${process.env.PATH}` },
        logFile,
      });
      return { process: started, startedAtMs, output: () => readFileSync(logFile, "utf8") };
    },
    async [Symbol.asyncDispose]() {
      for (const logFile of logs) rmSync(logFile, { force: true });
      await buildah(["rm", container]);
    },
  };
}
