import { renderTable } from "../harness/table.ts";
import type { Outcome } from "./outcome.ts";

/** One line of the table. */
export interface Row extends Outcome {
  readonly trace: string;
  readonly subject: string;
  readonly config: string;
}

const heading = [
  ...["trace", "subject", "p50 s", "p95 s", "max s", "first s", "drain s"],
  ...["pod-s", "to zero", "repeated", "lost", "changes"],
];

/** All traces and subjects under each other. */
export function tableOf(rows: readonly Row[]): string {
  return renderTable([heading, ...rows.map(cellsOf)]);
}

function cellsOf(row: Row): string[] {
  const times = [row.waitP50Ms, row.waitP95Ms, row.waitMaxMs, row.firstStartMs, row.drainMs];
  const counts = [row.repeated, row.lost, row.replicaChanges];
  return [
    ...[row.trace, row.subject],
    ...times.map((ms) => (ms / 1000).toFixed(1)),
    ...[row.podSeconds, row.podSecondsToZero].map((seconds) => seconds.toFixed(0)),
    ...counts.map((count) => String(Math.round(count * 10) / 10)),
  ];
}

/** The heart of it: a line per trace, and for each subject its 95th percentile of the waits in seconds and its pod-seconds. In Markdown. */
export function overviewOf(rows: readonly Row[]): string {
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  const lines = [...Map.groupBy(rows, ({ trace }) => trace)].map(([trace, of]) => [
    trace,
    ...subjects.map((subject) => {
      const row = of.find((one) => one.subject === subject);
      return row === undefined ? "" : `${(row.waitP95Ms / 1000).toFixed(1)} / ${row.podSeconds.toFixed(0)}`;
    }),
  ]);
  const cells = [["p95 s / pod-s", ...subjects], subjects.concat("").map(() => "---"), ...lines];
  return cells.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

/** Rows of KEDA that wait less and cost less than ours on the same trace: there should be none. */
export function beyondOurs(rows: readonly Row[]): Row[] {
  const ours = new Map(rows.filter(({ subject }) => subject === "jobwright").map((row) => [row.trace, row]));
  return rows.filter(({ subject, trace, waitP95Ms, podSeconds }) => {
    const own = ours.get(trace);
    return subject.startsWith("keda") && own !== undefined && waitP95Ms < own.waitP95Ms && podSeconds < own.podSeconds;
  });
}
