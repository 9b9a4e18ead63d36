import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { seededRandom } from "../crash/random.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { spreadOf } from "../harness/statistics.ts";
import { renderTable } from "../harness/table.ts";
import { kedaVersion } from "./keda/binaries.ts";
import type { Row } from "./row.ts";
import { runTrace } from "./run-trace.ts";
import { readRows } from "./saved-rows.ts";
import { isChosen, quickly } from "./selection.ts";
import { openStage } from "./stage.ts";
import { subjects } from "./subjects/index.ts";
import { kubectlScaleToOne } from "./subjects/kubectl-scale.ts";
import { idealMs, traces } from "./traces.ts";
import { overRounds, verdictOf } from "./verdict.ts";

/**
 * `npm run bench -- autoscale [--quick] [--only burst] [--only steps/jobwright] [--rounds 1]`: Jobwright and KEDA scale the
 * same workers through the same jobs, in turns. `--table <file>` runs nothing: it makes one table of what was printed before.
 */
export async function autoscale(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "1" },
      table: { type: "string" },
    },
  });
  if (values.table !== undefined) return conclude(readRows(values.table), {});
  const runs = traces.flatMap((trace) =>
    subjects
      .filter(({ only }) => only?.includes(trace.name) ?? true)
      .filter((subject) => isChosen(values.quick ? quickly : values.only, trace, subject))
      .map((subject) => ({ trace, subject })),
  );
  if (runs.length === 0) throw new Error(`--only ${values.only.join(", ")} leaves nothing to run`);

  const random = seededRandom(3);
  const loadBefore = loadavg();
  const rows: Row[] = [];
  const runningMs: number[] = [];
  await using stage = await openStage(runs.some(({ subject }) => subject.subject.startsWith("keda")));
  // What KEDA leaves in the cluster when it is interrupted would be in everybody's way.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      await stage[Symbol.asyncDispose]();
      process.exit(1);
    });
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const { trace, subject } of runs) {
      report(`${trace.name} (${trace.about}): ${subject.subject}, ${subject.config} …`);
      const { row, firstRunningMs } = await runTrace(stage, subject, trace, random);
      rows.push(row);
      if (subject === kubectlScaleToOne) runningMs.push(firstRunningMs);
      process.stdout.write(`${JSON.stringify(row)}\n`);
    }
  }
  writeResults("autoscale", { rounds: values.rounds, loadBefore, rows });
  conclude(rows, {
    ...(runningMs.length > 0 && { scaleToRunningMs: Math.round(spreadOf(runningMs).median) }),
    loadBefore: rounded(loadBefore[0] ?? 0),
  });
}

/** Prints the table and the line that sums it up. */
function conclude(rows: readonly Row[], ofTheRun: object): void {
  const medians = overRounds(rows);
  process.stdout.write(`\n${renderTable([Object.keys(rows[0] ?? {}), ...medians.map(cells)])}\n`);
  const [burst] = traces.filter(({ name }) => name === "burst");
  const { drainVsIdeal, drainVsScale, ...verdict } = verdictOf(medians, burst ? idealMs(burst) : 0);
  const closing = {
    bench: "autoscale",
    keda: kedaVersion,
    ...verdict,
    ...(drainVsIdeal !== undefined && { drainVsIdeal: rounded(drainVsIdeal) }),
    ...(drainVsScale !== undefined && { drainVsScale: rounded(drainVsScale) }),
    ...ofTheRun,
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}

const cells = (row: Row) => Object.values(row).map(String);
