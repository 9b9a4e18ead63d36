// `npm test`: everything that must hold, from the linter to pods on a real cluster, and one line at the end that counts.
//
//   npm test                      all of it
//   npm test -- checks unit       only these of: checks, unit, integration, e2e
//   npm test -- --keep            leave a cluster that this run started running
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { described, type FileOutcome } from "./test-report.ts";
import { type HowToRun, runProject } from "./vitest-project.ts";

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

/** What each check, and each file of tests, came to; a file that runs in two projects came to two things. */
const outcomes = new Map<string, { project: string } & FileOutcome>();
const unsteady: FileOutcome[] = [];

function run(title: string, command: string, args: readonly string[]): boolean {
  process.stdout.write(`\n── ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  return status === 0;
}

/** A check is one test: it holds or it does not. */
function check(title: string, command: string, args: readonly string[]): boolean {
  const passed = run(title, command, args);
  const failures = passed ? [] : [{ test: "failed", message: "what it printed above says why" }];
  outcomes.set(title, { project: "checks", file: title, passed: passed ? 1 : 0, failures });
  return passed;
}

async function tests(project: string, how: HowToRun = {}): Promise<void> {
  for (const outcome of await runProject(root, project, how))
    outcomes.set(`${project} ${outcome.file}`, { project, ...outcome });
}

/**
 * Runs files that failed once more, when nothing else runs: a wait of a test that ran out on a machine with too much to do says
 * little of the code. What fails twice has failed; what passes alone is told as unsteady, for somebody to look at. Of a project
 * with more than three such files none is run again, for then it is not the machine's doing.
 */
async function onceMore(project: string): Promise<void> {
  const failed = [...outcomes.values()].filter((outcome) => outcome.project === project && outcome.failures.length > 0);
  const files = failed.map((outcome) => outcome.file).filter((file) => file.endsWith(".test.ts"));
  if (files.length === 0 || files.length > 3) return;
  await tests(project, { files });
  unsteady.push(...failed.filter((before) => outcomes.get(`${project} ${before.file}`)?.failures.length === 0));
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
    for (const project of ["integration", "operator-3.10", "worker-runtime-3.10", "private-brokers", "e2e"])
      await onceMore(project);
  }
  if (!wasUp && !keep) check("cluster down, nothing left running", "node", [...cli, "down"]);
}

const failed = [...outcomes.values()].filter((outcome) => outcome.failures.length > 0);
function listed(title: string, files: readonly FileOutcome[]): void {
  if (files.length > 0) process.stdout.write(`\n── ${title}\n${files.map((file) => described(file)).join("\n")}\n`);
}
listed("unsteady: failed beside other tests, passed alone", unsteady);
listed("failed", failed);

const total = (of: (outcome: FileOutcome) => number) =>
  [...outcomes.values()].reduce((sum, outcome) => sum + of(outcome), 0);
process.stdout.write(`\n${total((file) => file.passed)} passed, ${total((file) => file.failures.length)} failed\n`);
process.exit(failed.length === 0 ? 0 : 1);
