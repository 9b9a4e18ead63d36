// `npm run bench -- <name>`: what the documentation says about speed, loss and memory, measured.
import { report } from "../test/cluster/progress.ts";

/** A bench takes its own arguments, prints what it finds, and one JSON line at the end. */
type Bench = (args: readonly string[]) => Promise<void>;

const benches: Record<string, () => Promise<Bench>> = {
  throughput: async () => (await import("./throughput/bench.ts")).throughput,
  latency: async () => (await import("./latency/bench.ts")).latency,
  crash: async () => (await import("./crash/bench.ts")).crash,
  delays: async () => (await import("./delays/bench.ts")).delays,
  queues: async () => (await import("./queues/bench.ts")).queues,
  simulate: async () => (await import("./simulate/bench.ts")).simulate,
  autoscale: async () => (await import("./autoscale/bench.ts")).autoscale,
  pools: async () => (await import("./pools/bench.ts")).pools,
  images: async () => (await import("./images/bench.ts")).images,
  memory: async () => (await import("./memory/bench.ts")).memory,
};

const [name = "", ...args] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- <${Object.keys(benches).join("|")}> [arguments]\n`);
  process.exit(2);
}
try {
  const bench = await load();
  await bench(args);
} catch (error) {
  report(`The bench "${name}" failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
}
// A subject that does not end must not keep the command.
process.exit();
