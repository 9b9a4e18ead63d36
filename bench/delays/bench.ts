import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { writeResults } from "../harness/results.ts";
import { runDelays } from "./run-delays.ts";

/** `npm run bench -- delays [--jobs 50000] [--days 1.5] [--rate 300] [--kills 3] [--seed 1]` */
export async function delays(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: "string", default: "50000" },
      days: { type: "string", default: "1.5" },
      rate: { type: "string", default: "300" },
      kills: { type: "string", default: "3" },
      seed: { type: "string", default: "1" },
    },
  });
  const longestSeconds = Math.round(positive("days", values.days) * 86_400);
  const rate = positive("rate", values.rate);
  const { all, real, hastened, restarts } = await runDelays({
    jobs: positive("jobs", values.jobs),
    longestRealSeconds: 40,
    shortestSeconds: 60,
    longestSeconds,
    rate,
    kills: positive("kills", values.kills),
    seed: positive("seed", values.seed),
    say: report,
  });
  report(`in real time, 1 to 40 s: ${JSON.stringify(real)}`);
  report(`at ${rate} × real time, 1 min to ${values.days} days: ${JSON.stringify(hastened)}`);
  writeResults("delays", { all, real, hastened, restarts, longestSeconds, rate });
  if (all.lost > 0 || all.early > 0) process.exitCode = 1;
  process.stdout.write(`${JSON.stringify({ bench: "delays", ...all, restarts, longestSeconds, rate })}\n`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${option} is "${text}": expected a number above 0`);
}
