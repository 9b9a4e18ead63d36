import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { answers } from "../../test/cluster/http-health.ts";
import { freePorts } from "../../test/cluster/owned-process.ts";
import type { ImageRoot } from "./image-root.ts";

export interface OperatorStart {
  /** From the start of its process until it says that it is ready. */
  readonly readyMs: number;
  /** What it holds when it has had nothing to do for `idleMs`. */
  readonly idleRssBytes: number;
}

/** Starts the image's operator for a namespace in which there is nothing. */
export async function startOperator(
  root: ImageRoot,
  options: {
    readonly kubeconfig: string;
    readonly namespace: string;
    readonly idleMs: number;
  },
): Promise<OperatorStart> {
  const { kubeconfig, namespace, idleMs } = options;
  const [port = 0] = await freePorts(1);
  root.write("tmp/kubeconfig", readFileSync(kubeconfig, "utf8"));
  const place = ["--namespace", namespace, "--watch-namespaces", namespace, "--port", `${port}`];
  const { process, startedAtMs, output } = root.start([...root.entrypoint, ...place], {
    KUBECONFIG: "/tmp/kubeconfig",
  });
  try {
    while (!(await answers(`http://127.0.0.1:${port}/readyz`))) {
      if (!process.running) throw new Error(`the image's operator ended: ${output()}`);
      await sleep(5);
    }
    const readyMs = Date.now() - startedAtMs;
    await sleep(idleMs);
    return { readyMs, idleRssBytes: rssBytes(process.pid) };
  } finally {
    await process.stop();
  }
}

function rssBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
