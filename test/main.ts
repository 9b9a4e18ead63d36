// `npm test`: everything that must hold, from the linter to pods on a real cluster, and one line at the end that counts.
//
//   npm test                      all of it
//   npm test -- checks unit       only these of: checks, unit, integration, e2e
//   npm test -- --keep            leave a cluster that this run started running
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const layers = ["checks", "unit", "integration", "e2e"] as const;
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const keep = process.argv.includes("--keep");

const unknown = wanted.filter((name) => !(layers as readonly string[]).includes(name));
if (unknown.length > 0) {
  process.stderr.write(`npm test: no such part: ${unknown.join(", ")}. Expected some of: ${layers.join(", ")}.\n`);
  process.exit(2);
}
const runs = (name: (typeof layers)[number]) => wanted.length === 0 || wanted.includes(name);

const counts = { passed: 0, failed: 0 };

function run(title: string, command: string, args: readonly string[]): boolean {
  process.stdout.write(`\n── ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  return status === 0;
}

/** A check is one test: it holds or it does not. */
function check(title: string, command: string, args: readonly string[]): boolean {
  const passed = run(title, command, args);
  counts[passed ? "passed" : "failed"] += 1;
  if (!passed) process.stderr.write(`${title}: failed\n`);
  return passed;
}

/**
 * One vitest project, counted test by test; a run that counts no failure but fails all the same is one.
 *
 * @param beside another one runs meanwhile: that goes first, and what this one prints comes when it is over.
 */
async function tests(project: string, { beside = false } = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const command = ["vitest", "run", "--project", project, ...reporters];
  const heading = `\n── ${project} tests\n`;
  const printed: Buffer[] = [];
  if (!beside) process.stdout.write(heading);
  const [program = "", ...args] = beside ? ["nice", "-n", "5", ...command] : command;
  const child = spawn(program, args, { cwd: root, stdio: beside ? ["ignore", "pipe", "pipe"] : "inherit" });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => printed.push(chunk));
  const [status] = await once(child, "close");
  if (beside) process.stdout.write(Buffer.concat([Buffer.from(heading), ...printed]));
  let failed = 0;
  try {
    const summary = JSON.parse(readFileSync(report, "utf8"));
    counts.passed += summary.numPassedTests;
    failed = summary.numFailedTests;
  } catch {
    process.stderr.write(`${project} tests: vitest wrote no report\n`);
  }
  counts.failed += status === 0 ? failed : Math.max(1, failed);
  rmSync(folder, { recursive: true });
}

/** What asks nothing of Kubernetes, one after the other. */
async function independent(options: { beside: boolean }): Promise<void> {
  await tests("worker-runtime-3.10", options);
  await tests("private-brokers", options);
}

if (runs("checks")) {
  check("format and lint (biome)", "biome", ["check", "--error-on-warnings", "."]);
  check("types (tsc)", "tsc", ["--noEmit"]);
  check("unused code (knip)", "knip", []);
  check("CRDs are what the schemas generate", "npm", ["run", "-s", "crds", "--", "--check"]);
  check("docs/metrics.md is what operator and worker register", "npm", ["run", "-s", "metrics", "--", "--check"]);
  check("dashboards are what tools/dashboards says", "npm", ["run", "-s", "dashboards", "--", "--check"]);
  check("no known grave vulnerability in what the images need", "npm", ["run", "-s", "audit:packages"]);
}
if (runs("unit")) await tests("unit");

if (runs("integration") || runs("e2e")) {
  const cli = ["--conditions=source", join(root, "test/cluster/cli.ts")];
  const status = spawnSync("node", [...cli, "status"], { cwd: root, encoding: "utf8" });
  // Somebody works with it: it stays.
  const wasUp = /\brunning\b/.test(status.stdout);
  const up = check("cluster with RabbitMQ 4.0", "node", [...cli, "up", "--rabbitmq", "4.0"]);
  const both = check("RabbitMQ 3.10 beside it", "node", [...cli, "up", "--rabbitmq", "3.10"]);
  if (up && both) {
    if (runs("integration")) {
      await tests("integration");
      await tests("operator-3.10");
    }
    // The end-to-end tests mostly wait for pods: one of two cores would be idle.
    const others = runs("integration") ? independent({ beside: runs("e2e") }) : undefined;
    if (runs("e2e")) {
      const since = new Date().toISOString();
      await tests("e2e");
      const rights = ["--conditions=source", join(root, "test/rights/main.ts"), "--since", since];
      check("the operator's roles: nothing unused, nothing refused", "node", rights);
    }
    await others;
  }
  if (!wasUp && !keep) check("cluster down, nothing left running", "node", [...cli, "down"]);
}

process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 ? 0 : 1);
