import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { binary } from "../../cluster/binaries.ts";
import { readCluster } from "../../cluster/index.ts";

/** What a command printed, and whether it ended well. */
export interface Printed {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl on the test cluster with this on its standard input. */
export async function kubectl(args: readonly string[], input: string | object = ""): Promise<Printed> {
  const child = spawn(binary("kubectl"), ["--kubeconfig", readCluster().kubeconfig, ...args]);
  child.stdin.end(typeof input === "string" ? input : JSON.stringify(input));
  const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ok: code === 0, stdout, stderr };
}
