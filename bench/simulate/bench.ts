import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { wholeNumber } from "../harness/whole-number.ts";
import { oracle } from "./oracle.ts";
import { meanOf, type Outcome } from "./outcome.ts";
import { plotOf } from "./plot.ts";
import { beyondOurs, overviewOf, type Row, tableOf } from "./report.ts";
import { runTrace } from "./run.ts";
import type { Subject } from "./subject.ts";
import { subjects } from "./subjects.ts";
import type { Trace } from "./trace.ts";
import { allTraces } from "./traces.ts";
import { compareWithKeda, comparisonTable } from "./validation.ts";

/** `npm run bench -- simulate [--seeds 3] [--trace steps] [--plot docs/images/simulate.svg]` */
export async function simulate(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seeds: { type: "string", default: "3" }, trace: { type: "string" }, plot: { type: "string" } },
  });
  const seeds = wholeNumber("seeds", values.seeds);
  const traces = named(allTraces(1), values.trace);
  const begunMs = performance.now();
  const rows = traces.flatMap((trace): Row[] => [
    ...subjects.map((subject) => ({
      ...{ trace: trace.name, subject: subject.name, config: subject.config },
      ...outcomeOf(trace, subject, seeds),
    })),
    { trace: trace.name, subject: "oracle", config: "knows the future", ...oracle(trace) },
  ]);
  const seconds = (performance.now() - begunMs) / 1000;
  for (const { name, about } of traces) process.stdout.write(`${name}: ${about}\n`);
  process.stdout.write(`\n${tableOf(rows)}\n`);
  process.stdout.write(`${overviewOf(rows)}\n`);
  const comparisons = compareWithKeda(traces);
  process.stdout.write(`${comparisonTable(comparisons)}\n`);
  if (values.plot !== undefined) writePlot(values.plot, rows);
  writeResults("simulate", { seeds, seconds, rows, comparisons });
  const ours = rows.filter(({ subject }) => subject === "jobwright");
  const closing = {
    bench: "simulate",
    traces: traces.length,
    seeds,
    seconds: rounded(seconds),
    lost: ours.reduce((sum, { lost }) => sum + lost, 0),
    brokenOff: ours.reduce((sum, { brokenOff }) => sum + brokenOff, 0),
    kedaWaitsLessAndCostsLess: beyondOurs(rows).map(({ trace, subject }) => `${trace}/${subject}`),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}

function writePlot(path: string, rows: readonly Row[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, plotOf(rows));
  report(`The plots are in ${path}`);
}

function outcomeOf(trace: Trace, subject: Subject, seeds: number): Outcome {
  const first = runTrace(trace, subject, 1);
  const others = Array.from({ length: seeds - 1 }, (_, index) => runTrace(trace, subject, index + 2));
  return meanOf([first, ...others]);
}

function named(traces: readonly Trace[], name: string | undefined): readonly Trace[] {
  const found = traces.filter((trace) => name === undefined || trace.name === name);
  if (found.length > 0) return found;
  throw new Error(`--trace is "${name}": expected one of ${traces.map((trace) => trace.name).join(", ")}`);
}
