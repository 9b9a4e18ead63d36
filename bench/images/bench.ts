import { randomUUID } from "node:crypto";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deliveredBytes } from "../../test/cluster/image-delivery.ts";
import { buildImage, readCluster } from "../../test/cluster/index.ts";
import { report } from "../../test/cluster/progress.ts";
import installCustomResources from "../../test/integration/operator/custom-resources.ts";
import { openRabbitQueues } from "../harness/rabbit.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { spreadOf } from "../harness/statistics.ts";
import { openImageRoot } from "./image-root.ts";
import { type OperatorStart, startOperator } from "./operator-start.ts";
import { type Start, startNode, startWorker } from "./worker-start.ts";

const repository = join(import.meta.dirname, "..", "..");
const queue = "images.first";

/**
 * `npm run bench -- images [--rounds 5] [--idle 20]`: how large the images are, how soon the operator is ready and what it holds when
 * it is idle, how soon a worker starts its first job; beside the same image's Node with nothing to do.
 */
export async function images(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: "string", default: "5" }, idle: { type: "string", default: "20" } },
  });
  const rounds = Number(values.rounds);
  const build = (target: string) => buildImage({ context: repository, target, tag: `jobwright/${target}:bench` });
  const { reference: operator } = await build("operator");
  const { reference: worker } = await build("worker-runtime");
  const loadBefore = loadavg();
  const operators = await measureOperator(operator, rounds, Number(values.idle) * 1000);
  const { workers, nodes } = await measureWorker(worker, rounds);

  const median = (all: readonly number[]) => Math.round(spreadOf(all).median);
  const starts = (all: readonly Start[]) => [
    median(all.map((one) => one.afterMs)),
    median(all.map((one) => one.cpuMs)),
  ];
  const [firstJobMs, firstJobCpuMs] = starts(workers);
  const [nodeMs, nodeCpuMs] = starts(nodes);
  writeResults("images", { rounds, loadBefore, operators, workers, nodes });
  const closing = {
    bench: "images",
    operator: {
      compressedBytes: deliveredBytes(operator),
      readyMs: median(operators.map(({ readyMs }) => readyMs)),
      idleRssBytes: median(operators.map(({ idleRssBytes }) => idleRssBytes)),
    },
    worker: { compressedBytes: deliveredBytes(worker), firstJobMs, firstJobCpuMs, nodeMs, nodeCpuMs },
    loadBefore: rounded(loadBefore[0] ?? 0),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}

async function measureOperator(image: string, rounds: number, idleMs: number): Promise<OperatorStart[]> {
  const { kubeconfig } = readCluster();
  const removeCustomResources = await installCustomResources();
  try {
    await using root = await openImageRoot(image);
    const found: OperatorStart[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const namespace = `bench-${randomUUID().slice(0, 8)}`;
      const start = await startOperator(root, { kubeconfig, namespace, idleMs });
      report(`operator: ready after ${start.readyMs} ms, idle with ${Math.round(start.idleRssBytes / 1e6)} MB`);
      found.push(start);
    }
    return found;
  } finally {
    await removeCustomResources();
  }
}

async function measureWorker(image: string, rounds: number): Promise<{ workers: Start[]; nodes: Start[] }> {
  await using rabbit = await openRabbitQueues();
  await rabbit.create([queue]);
  await using root = await openImageRoot(image);
  const workers: Start[] = [];
  const nodes: Start[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await rabbit.fill([queue], 1, 100);
    workers.push(await startWorker(root, rabbit.url, queue));
    nodes.push(await startNode(root));
    report(`worker: first job after ${workers.at(-1)?.afterMs} ms; node alone: ${nodes.at(-1)?.afterMs} ms`);
  }
  return { workers, nodes };
}
