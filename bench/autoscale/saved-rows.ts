import { readFileSync } from "node:fs";
import type { Row } from "./row.ts";

/**
 * The rows in what this bench printed before: any number of runs one after the other, and whatever else is in between.
 *
 * @throws if there is none.
 */
export function readRows(path: string): Row[] {
  const rows = rowsIn(readFileSync(path, "utf8"));
  if (rows.length === 0) throw new Error(`${path} has no row: expected what \`npm run bench -- autoscale\` printed`);
  return rows;
}

export function rowsIn(text: string): Row[] {
  return text.split("\n").flatMap((line) => {
    const row = parse(line);
    return isRow(row) ? [row] : [];
  });
}

function parse(line: string): unknown {
  try {
    return line.startsWith("{") ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && "trace" in value && "subject" in value && "waitP95Ms" in value;
}
