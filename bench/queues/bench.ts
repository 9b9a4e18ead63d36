import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { spreadOf } from "../harness/statistics.ts";
import { wholeNumber } from "../harness/whole-number.ts";
import { type Cpu, medianCpu } from "./cpu.ts";
import { runQueues } from "./run-queues.ts";

/** `npm run bench -- queues [--count 1000] [--idle 180] [--bare-rounds 3]` */
export async function queues(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: "string", default: "1000" },
      idle: { type: "string", default: "180" },
      "bare-rounds": { type: "string", default: "3" },
    },
  });
  const count = wholeNumber("count", values.count);
  const loadBefore = loadavg();
  const result = await runQueues({
    count,
    idleSeconds: wholeNumber("idle", values.idle),
    bareRounds: wholeNumber("bare-rounds", values["bare-rounds"]),
    say: report,
  });
  const { readySeconds, bare, perQueue, idle, restart, peakRssBytes } = result;
  writeResults("queues", { count, loadBefore, ...result });
  const bareSeconds = spreadOf(bare.map(({ seconds }) => seconds)).median;
  const roundedCpu = (cpu: Cpu) =>
    Object.fromEntries(Object.entries(cpu).map(([of, seconds]) => [of, rounded(seconds)]));
  const closing = {
    bench: "queues",
    count,
    readySeconds: rounded(readySeconds),
    vsBareDeclare: rounded(bareSeconds / readySeconds),
    operatorMB: rounded(peakRssBytes / 1e6),
    restartSeconds: rounded(restart.seconds),
    idleWrites: idle.writes,
    idleCallsPerMinute: rounded(idle.apiCallsPerMinute + idle.brokerCallsPerMinute),
    bareSeconds: rounded(bareSeconds),
    brokerCallsPerQueue: rounded(perQueue.brokerCalls),
    apiWritesPerQueue: rounded(perQueue.apiWrites),
    cpuSeconds: { operator: rounded(result.creation.cpuSeconds), ...roundedCpu(result.cpu) },
    bareCpuSeconds: roundedCpu(medianCpu(bare.map(({ cpu }) => cpu))),
    restartWrites: restart.writes,
    loadBefore: rounded(loadBefore[0] ?? 0),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}
