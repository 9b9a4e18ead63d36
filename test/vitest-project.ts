import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileOutcome, outcomesOf } from "./test-report.ts";

export type HowToRun = {
  /** Only these files. */
  files?: readonly string[];
  /** Another project runs meanwhile: that one goes first, and what this one prints comes when it is over. */
  beside?: boolean;
};

/**
 * Runs one project of vitest.config.ts, and says what its files came to. A run that fails though no test of it did, such as for an
 * error that nobody caught, is a failure of its own.
 *
 * @param root the checkout.
 */
export async function runProject(
  root: string,
  project: string,
  { files = [], beside = false }: HowToRun = {},
): Promise<FileOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const command = ["vitest", "run", "--project", project, ...reporters, ...files];
  const heading = `\n── ${project} tests${files.length > 0 ? ": these files once more, and alone" : ""}\n`;
  const printed: Buffer[] = [];
  if (!beside) process.stdout.write(heading);
  const [program = "", ...args] = beside ? ["nice", "-n", "5", ...command] : command;
  const child = spawn(program, args, { cwd: root, stdio: beside ? ["ignore", "pipe", "pipe"] : "inherit" });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => printed.push(chunk));
  const [status] = await once(child, "close");
  if (beside) process.stdout.write(Buffer.concat([Buffer.from(heading), ...printed]));
  let outcomes: FileOutcome[] = [];
  let message = "vitest failed, though no test did: what it printed says why";
  try {
    outcomes = outcomesOf(JSON.parse(readFileSync(report, "utf8")), root);
  } catch {
    message = "vitest wrote no report";
  }
  rmSync(folder, { recursive: true });
  const told = outcomes.some((outcome) => outcome.failures.length > 0);
  if (status !== 0 && !told)
    outcomes.push({ file: project, passed: 0, failures: [{ test: "the run as a whole", message }] });
  return outcomes;
}
