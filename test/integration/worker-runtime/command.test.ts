import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { until } from "./until.ts";

const root = join(import.meta.dirname, "../../..");
const sources = ["--conditions=source", join(root, "worker-runtime/src/command/main.ts")];

/** What the command runs: a module of a user's, whose handler says what happens to it by publishing nothing but log lines. */
const module = `
import { defineJob, defineWorker } from ${JSON.stringify(join(root, "worker-runtime/src/index.ts"))};
import { z } from ${JSON.stringify(join(root, "node_modules/zod/index.js"))};
const wait = defineJob({
  name: "wait",
  input: z.object({ ms: z.number(), deaf: z.boolean().optional() }),
  async run({ ms, deaf }, { log, signal }) {
    log.info("handler begins");
    await new Promise((resolve, reject) => {
      setTimeout(resolve, ms);
      if (!deaf) signal.addEventListener("abort", () => reject(signal.reason));
    });
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
    stream
      .setEncoding("utf8")
      .on("data", (text: string) => lines.push(...text.split("\n").filter((line) => line !== "")));
  }
  const exited = once(child, "exit").then(([code]) => code as number | null);
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

async function runWorker(queue: TestQueue): Promise<Command> {
  const command = run([await userModule(), "--broker", queue.vhost.amqpUrl, "--queue", queue.name]);
  await command.logged('"msg":"consuming"');
  return command;
}

test("SIGTERM mid-job: the job is finished, nothing is left or repeated, and it exits with 0", async () => {
  const queue = await createTestQueue();
  const worker = await runWorker(queue);
  await queue.publish("wait", { ms: 700 });
  await queue.publish("wait", { ms: 700 });
  await worker.logged("handler begins");
  worker.process.kill("SIGTERM");
  // To be asked twice changes nothing.
  await worker.logged("asked to stop");
  worker.process.kill("SIGTERM");
  expect(await worker.exited).toBe(0);
  expect(worker.lines.filter((line) => line.includes("handler begins"))).toHaveLength(1);
  expect(worker.lines.filter((line) => line.includes("handler ends"))).toHaveLength(1);
  expect(worker.lines.at(-1)).toContain('"msg":"stopped"');
  // Only the job that had not begun is left.
  expect(await queue.leftBy({ stop: async () => {} })).toBe(1);
});

test("SIGTERM while it starts: it ends by itself, and takes no job that it could not finish", async () => {
  const queue = await createTestQueue();
  await queue.publish("wait", { ms: 60_000 });
  const slow = `console.log("loading"); await new Promise((resolve) => setTimeout(resolve, 500));\n${module}`;
  const worker = run([await userModule(slow), "--broker", queue.vhost.amqpUrl, "--queue", queue.name]);
  await worker.logged("loading");
  worker.process.kill("SIGTERM");
  // Not killed by the signal, which would leave no code: as process 1 it would not be.
  expect(await worker.exited).toBe(0);
  expect(worker.lines.join()).not.toContain("handler begins");
});

test("a second Ctrl-C does not wait for the drain", async () => {
  const queue = await createTestQueue();
  const worker = await runWorker(queue);
  await queue.publish("wait", { ms: 60_000, deaf: true });
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
  await queue.publish("wait", { ms: 300 });
  await first.logged("handler begins");
  first.process.kill("SIGKILL");
  await first.exited;
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
