import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { quantile } from "../harness/statistics.ts";
import { wholeNumber } from "../harness/whole-number.ts";
import { runPools } from "./run-pools.ts";

/** `npm run bench -- pools [--count 1000] [--idle 60] [--wakes 30]`: many WorkerPools at zero, and how soon one wakes. */
export async function pools(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: "string", default: "1000" },
      idle: { type: "string", default: "60" },
      wakes: { type: "string", default: "30" },
    },
  });
  const count = wholeNumber("count", values.count);
  const loadBefore = loadavg();
  const result = await runPools({
    count,
    idleSeconds: wholeNumber("idle", values.idle),
    wakes: Math.min(count, wholeNumber("wakes", values.wakes)),
    say: report,
  });
  const { readySeconds, idle, wakesMs } = result;
  writeResults("pools", { count, loadBefore, ...result });
  const sorted = wakesMs.toSorted((a, b) => a - b);
  const perMinute = (number: number) => Math.round((number / idle.seconds) * 60);
  const closing = {
    bench: "pools",
    count,
    wakeP50Ms: rounded(quantile(sorted, 0.5)),
    wakeP95Ms: rounded(quantile(sorted, 0.95)),
    wakeMaxMs: rounded(quantile(sorted, 1)),
    readySeconds: rounded(readySeconds),
    operatorMB: rounded(idle.rssBytes / 1e6),
    operatorCpuPercent: rounded(idle.cpu * 100),
    brokerRequestsPerMinute: perMinute(idle.brokerRequests),
    apiCallsPerMinute: perMinute(idle.apiCalls),
    idleWrites: idle.apiWrites,
    loadBefore: rounded(loadBefore[0] ?? 0),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}
