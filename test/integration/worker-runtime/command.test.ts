import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { until } from "./until.ts";

const root = join(import.meta.dirname, "../../..");
const sources = ["--conditions=source", join(root, "worker-runtime/src/command/main.ts")];

/** What the command runs: a module of a user's, whose handler waits for a file, and says what happens to it by log lines only. */
const module = `
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineJob, defineWorker } from ${JSON.stringify(join(root, "worker-runtime/src/index.ts"))};
import { z } from ${JSON.stringify(join(root, "node_modules/zod/index.js"))};
const wait = defineJob({
  name: "wait",
  input: z.object({ file: z.string() }),
  async run({ file }, { log }) {
    log.info("handler begins");
    while (!existsSync(file)) await sleep(20);
    log.info("handler ends");
  },
});
const block = defineJob({ name: "die", input: z.unknown(), run() { process.exit(1); } });
export default defineWorker({ jobs: [wait, block] });
`;

interface Command {
  readonly process: ChildProcess;
  /** What it has logged so far. */
  readonly lines: string[];
  logged(message: string): Promise<unknown>;
  exited: Promise<number | null>;
}

async function userModule(source = module): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "jobs-")), "jobs.ts");
  await writeFile(file, source);
  return file;
}

function run(args: readonly string[]): Command {
  const child = spawn(process.execPath, [...sources, ...args, "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => lines.push(line));
  }
  // "close" and not "exit": only then is all of its output read.
  const exited = once(child, "close").then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    process: child,
    lines,
    exited,
    logged: (message) =>
      until(`"${message}" in the log:\n${lines.join("\n")}`, () => lines.some((line) => line.includes(message))),
  };
}

/** A file that is there once it is opened. */
async function gate(): Promise<{ readonly file: string; open(): Promise<void> }> {
  const file = join(await mkdtemp(join(tmpdir(), "gate-")), "open");
  return { file, open: () => writeFile(file, "") };
}

async function runWorker(queue: TestQueue): Promise<Command> {
  const command = run([await userModule(), "--broker", queue.vhost.amqpUrl, "--queue", queue.name]);
  await command.logged('"msg":"consuming"');
  return command;
}

test("SIGTERM mid-job: the job is finished, nothing is left or repeated, and it exits with 0", async () => {
  const queue = await createTestQueue();
  const worker = await runWorker(queue);
  const { file, open } = await gate();
  for (let count = 0; count < 2; count += 1) await queue.publish("wait", { file });
  await worker.logged("handler begins");
  worker.process.kill("SIGTERM");
  // To be asked twice changes nothing.
  await worker.logged("asked to stop");
  worker.process.kill("SIGTERM");
  await open();
  expect(await worker.exited).toBe(0);
  expect(worker.lines.filter((line) => line.includes("handler begins"))).toHaveLength(1);
  expect(worker.lines.filter((line) => line.includes("handler ends"))).toHaveLength(1);
  expect(worker.lines.at(-1)).toContain('"msg":"stopped"');
  // Only the job that had not begun is left.
  expect(await queue.leftBy({ stop: async () => {} })).toBe(1);
});

test("SIGTERM while it starts: it ends by itself, and takes no job that it could not finish", async () => {
  const queue = await createTestQueue();
  await queue.publish("wait", { file: "/never" });
  const { file, open } = await gate();
  const slow = `${module}console.log("loading"); while (!existsSync(${JSON.stringify(file)})) await sleep(20);`;
  const worker = run([await userModule(slow), "--broker", queue.vhost.amqpUrl, "--queue", queue.name]);
  await worker.logged("loading");
  worker.process.kill("SIGTERM");
  await open();
  // Not killed by the signal, which would leave no code: as process 1 it would not be.
  expect(await worker.exited).toBe(0);
  expect(worker.lines.join()).not.toContain("handler begins");
});

test("a second Ctrl-C does not wait for the drain", async () => {
  const queue = await createTestQueue();
  const worker = await runWorker(queue);
  await queue.publish("wait", { file: "/never" });
  await worker.logged("handler begins");
  worker.process.kill("SIGINT");
  await worker.logged("asked to stop");
  worker.process.kill("SIGINT");
  expect(await worker.exited).toBe(130);
  expect(await until("the job to be back", async () => (await queue.ready(queue.name)) === 1)).toBe(true);
});

test("a worker that dies mid-job leaves the job to the next", async () => {
  const queue = await createTestQueue();
  const first = await runWorker(queue);
  const { file, open } = await gate();
  await queue.publish("wait", { file });
  await first.logged("handler begins");
  first.process.kill("SIGKILL");
  await first.exited;
  await open();
  const second = await runWorker(queue);
  await second.logged("handler ends");
  second.process.kill("SIGTERM");
  expect(await second.exited).toBe(0);
  expect(await queue.leftBy({ stop: async () => {} })).toBe(0);
});

test("without a broker it does not exit, and stops when asked to", async () => {
  const worker = run([await userModule(), "--broker", "amqp://127.0.0.1:1", "--queue", "a.b"]);
  await worker.logged("cannot connect to the broker");
  worker.process.kill("SIGTERM");
  expect(await worker.exited).toBe(0);
});

test("a missing queue is named, and it keeps trying", async () => {
  const queue = await createTestQueue();
  const worker = run([await userModule(), "--broker", queue.vhost.amqpUrl, "--queue", "media.none"]);
  await worker.logged('queue \\"media.none\\" does not exist: is the JobQueue there and ready?');
  expect(worker.process.exitCode).toBeNull();
});

test.each([
  ["no such file", ["/no/such.ts", "--broker", "amqp://localhost", "--queue", "a.b"], "there is no file /no/such.ts"],
  ["no queue", ["jobs.ts", "--broker", "amqp://localhost"], "--broker needs --queue"],
  ["outside a pod", ["jobs.ts"], "cannot read /etc/jobwright/config/worker.json (ENOENT)"],
  ["a wrong count", ["jobs.ts", "--concurrency", "0"], "expected a whole number of at least 1"],
  ["no port", ["jobs.ts", "--port", "65536"], "expected a whole number of at least 0 and at most 65535"],
])("%s: says what is wrong and exits with 1", async (_, args, message) => {
  const worker = run(args);
  expect(await worker.exited).toBe(1);
  expect(worker.lines.join("\n")).toContain(message);
});

test("a module that exports no worker is told what to export", async () => {
  const file = await userModule("export default { jobs: [] };");
  const worker = run([file, "--broker", "amqp://localhost", "--queue", "a.b"]);
  expect(await worker.exited).toBe(1);
  expect(worker.lines.join("\n")).toContain("expected export default defineWorker({ jobs: [ … ] })");
});

test("a module is checked without a broker, even one that keeps its process", async () => {
  const worker = run([await userModule(`${module}; setInterval(() => {}, 1000);`), "--check"]);
  expect(await worker.exited).toBe(0);
  expect(worker.lines.join("\n")).toContain('"jobs":["wait","die"]');
});

test("the built package runs in plain Node", async () => {
  execFileSync("npm", ["run", "-s", "build", "-w", "worker-runtime"], { cwd: root });
  const built = join(root, "worker-runtime/dist/command/main.js");
  expect(execFileSync(built, ["--help"], { encoding: "utf8" })).toContain("Usage: jobwright-worker");
});
