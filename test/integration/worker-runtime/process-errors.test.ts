import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadLetterHeader } from "@jobwright/worker-runtime/contract";
import { expect, onTestFinished, test } from "vitest";
import { problemsOf } from "../../logs/conforming.ts";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { until } from "./until.ts";

const root = join(import.meta.dirname, "../../..");

/** A user's module: a job that waits, and one that misbehaves in the way that it is told. */
const module = `
import { defineJob, defineWorker } from ${JSON.stringify(join(root, "worker-runtime/src/index.ts"))};
import { z } from ${JSON.stringify(join(root, "node_modules/zod/index.js"))};
async function run(how, { log, attempt }) {
  log.info(how + " begins");
  if (how === "wait") await new Promise((resolve) => setTimeout(resolve, 1_500));
  if (how === "reject") Promise.reject(new TypeError("nobody awaits this"));
  if (how === "exit" && attempt === 1) process.exit(7);
  if (how === "throw in a callback") {
    setTimeout(() => { throw new TypeError("nobody catches this"); });
    await new Promise(() => setTimeout(() => {}, 60_000));
  }
  if (how === "exhaust memory") {
    const held = [];
    for (;;) held.push(new Array(100_000).fill(1).map((_, index) => index + "x" + Math.random()));
  }
  log.info(how + " ends");
}
export default defineWorker({
  jobs: [
    defineJob({ name: "ordinary", input: z.string(), run }),
    defineJob({ name: "isolated", input: z.string(), isolate: true, run }),
  ],
});
`;

interface Started {
  readonly lines: Record<string, unknown>[];
  said(words: string): Promise<Record<string, unknown>>;
  exited: Promise<number | null>;
  stop(): Promise<void>;
}

async function start(queue: TestQueue, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<Started> {
  const file = join(await mkdtemp(join(tmpdir(), "jobs-")), "jobs.ts");
  await writeFile(file, module);
  const command = ["--conditions=source", join(root, "worker-runtime/src/command/main.ts"), file];
  const target = ["--broker", queue.vhost.amqpUrl, "--queue", queue.name, "--concurrency", "2", "--port", "0"];
  const child = spawn(process.execPath, [...command, ...target, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const lines: Record<string, unknown>[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((line) => JSON.parse(line)));
  });
  // "close" and not "exit": only then is all of its output read.
  const exited = once(child, "close").then(([code]) => code as number | null);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
    // Whatever a test made the worker say is as docs/logs.md has it.
    expect(lines.flatMap((line) => problemsOf(line, "msg" in line ? "json" : "ecs"))).toEqual([]);
  });
  return {
    lines,
    exited,
    stop,
    said: (words) => until(`"${words}"`, () => lines.find(({ msg, message }) => `${msg ?? message}`.includes(words))),
  };
}

test("a rejection that nobody awaits is logged, and neither its worker nor the other jobs suffer", async () => {
  const queue = await createTestQueue();
  const worker = await start(queue);
  await queue.publish("ordinary", "wait");
  await worker.said("wait begins");
  await queue.publish("ordinary", "reject");
  expect(await worker.said("a promise was rejected and nobody awaited it")).toMatchObject({
    level: "error",
    err: { type: "TypeError", message: "nobody awaits this" },
  });
  await worker.said("wait ends");
  expect(await queue.leftBy(worker)).toBe(0);
  expect(await worker.exited).toBe(0);
});

test("a handler that ends the process: the log says who did it, and the broker delivers what ran again", async () => {
  const queue = await createTestQueue();
  const worker = await start(queue);
  await queue.publish("ordinary", "exit");
  expect(await worker.exited).toBe(7);
  expect(worker.lines.find(({ level }) => level === "fatal")).toMatchObject({
    code: 7,
    msg: expect.stringContaining("process.exit was called"),
    stack: expect.stringContaining("jobs.ts"),
  });
  await until("the job to be back", async () => (await queue.ready(queue.name)) === 1);
});

test("an error where nobody can catch it ends the worker with a line that says so", async () => {
  const queue = await createTestQueue();
  const worker = await start(queue);
  await queue.publish("ordinary", "throw in a callback");
  expect(await worker.exited).toBe(1);
  const fatal = worker.lines.find(({ level }) => level === "fatal");
  expect(fatal).toMatchObject({ err: { message: "nobody catches this" } });
  await until("the job to be back", async () => (await queue.ready(queue.name)) === 1);
});

test("with isolate: true none of these touch the worker, nor does a handler that takes all memory", async () => {
  const queue = await createTestQueue();
  // Its retries wait for a second: the default policy of a worker run by hand has three attempts.
  const worker = await start(queue, { NODE_OPTIONS: "--max-old-space-size=120" });
  await queue.publish("ordinary", "wait");
  await queue.publish("isolated", "throw in a callback");
  const thrown = await queue.deadLetter();
  expect(headerOf(thrown, deadLetterHeader.errorName)).toBe("HandlerThreadEnded");
  expect(headerOf(thrown, deadLetterHeader.errorMessage)).toContain("nobody catches this");
  await queue.publish("isolated", "exhaust memory");
  const exhausted = await queue.deadLetter();
  expect(headerOf(exhausted, deadLetterHeader.errorMessage)).toContain("ran out of memory");
  await queue.publish("isolated", "wait");
  await until("the last job", () => worker.lines.filter(({ msg }) => msg === "wait ends").length === 2);
  expect(await queue.leftBy(worker)).toBe(0);
  expect(await worker.exited).toBe(0);
});

test("LOG_FORMAT=ecs: lines of worker, handler and thread in the Elastic Common Schema", async () => {
  const queue = await createTestQueue();
  const worker = await start(queue, { LOG_FORMAT: "ecs", LOG_LEVEL: "debug" });
  await queue.publish("ordinary", "wait", { messageId: "m-1" });
  await queue.publish("isolated", "wait", { messageId: "m-2" });
  await until("both jobs", () => worker.lines.filter(({ message }) => message === "wait ends").length === 2);
  await worker.stop();
  for (const line of worker.lines) {
    expect(line).toMatchObject({
      "@timestamp": expect.any(String),
      "service.name": "jobwright-worker",
      "ecs.version": expect.any(String),
    });
  }
  const ended = worker.lines.filter(({ message }) => message === "wait ends").map((line) => line["jobwright.id"]);
  expect(ended.sort()).toEqual(["m-1", "m-2"]);
});
