import { setTimeout as sleep } from "node:timers/promises";
import type { ImageRoot } from "./image-root.ts";

/** From the start of a process. */
export interface Start {
  readonly afterMs: number;
  readonly cpuMs: number;
}

const tell = "process.stdout.write(JSON.stringify({ atMs: Date.now(), cpu: process.cpuUsage() }) + '\\n');";

const handlers = `
  import { defineJob, defineWorker } from "@jobwright/worker-runtime";
  import { z } from "zod";
  const first = defineJob({ name: "bench", input: z.looseObject({}), run() { ${tell} } });
  export default defineWorker({ jobs: [first] });
`;

/** Starts a worker of the image. @returns until its first job, which waits in the queue, has started. */
export async function startWorker(root: ImageRoot, broker: string, queue: string): Promise<Start> {
  root.write("app/first.mjs", handlers);
  const options = ["--broker", broker, "--queue", queue, "--port", "0", "--log-level", "warn"];
  return toldBy(root, ["jobwright-worker", "/app/first.mjs", ...options]);
}

/** The image's Node with nothing to do: no worker in JavaScript starts faster. */
export function startNode(root: ImageRoot): Promise<Start> {
  return toldBy(root, ["node", "--eval", `${tell} setInterval(() => {}, 1000)`]);
}

async function toldBy(root: ImageRoot, command: readonly string[]): Promise<Start> {
  const { process, startedAtMs, output } = root.start(command);
  try {
    for (;;) {
      const told = /^\{"atMs".*$/m.exec(output())?.[0];
      if (told !== undefined) {
        const { atMs, cpu } = JSON.parse(told) as { atMs: number; cpu: NodeJS.CpuUsage };
        return { afterMs: atMs - startedAtMs, cpuMs: (cpu.user + cpu.system) / 1000 };
      }
      if (!process.running) throw new Error(`${command[0]} ended: ${output()}`);
      await sleep(20);
    }
  } finally {
    await process.stop();
  }
}
