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

/** Rows of KEDA that wait less and cost less than ours on the same trace: there should be none. */
export function beyondOurs(rows: readonly Row[]): Row[] {
  const ours = new Map(rows.filter(({ subject }) => subject === "jobwright").map((row) => [row.trace, row]));
  return rows.filter(({ subject, trace, waitP95Ms, podSeconds }) => {
    const own = ours.get(trace);
    return subject.startsWith("keda") && own !== undefined && waitP95Ms < own.waitP95Ms && podSeconds < own.podSeconds;
  });
}
