import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { openRabbitQueues } from "../harness/rabbit.ts";
import { rounded, writeResults } from "../harness/results.ts";
import type { Reading } from "./worker.ts";

const queue = "memory.jobs";
const slice = 10_000;
const payloadBytes = 100;

interface Mark {
  readonly jobs: number;
  readonly before: Reading;
  /** After a full collection of garbage. */
  readonly collected: Reading;
}

/** As the worker's image sets it; `--v8-defaults` leaves it out. */
const imageFlag = "--max-semi-space-size=8";

/**
 * One worker does `--jobs` jobs (1,000,000): 1 % fail once and are retried, 0.1 % are dead-lettered. Its memory is read
 * after a fifth of them and in the end, each time as it stands and after a forced collection.
 */
export async function memory(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { jobs: { type: "string", default: "1000000" }, "v8-defaults": { type: "boolean", default: false } },
  });
  const jobs = Number(values.jobs);
  const began = Date.now();
  await using rabbit = await openRabbitQueues();
  await rabbit.create([queue]);
  const worker = startWorkerProcess(rabbit.url, values["v8-defaults"] ? [] : [imageFlag]);

  let filled = 0;
  let last: Reading = await read(worker, false);
  const marks: Mark[] = [];
  for (const mark of [jobs / 5, jobs]) {
    while (filled < mark) {
      await rabbit.fill([queue], slice, payloadBytes);
      filled += slice;
      // Neither is the broker's memory the subject, nor how fast it fills.
      while (filled - last.ended > 2 * slice) last = await read(worker, false, 20);
      if (filled % 100_000 === 0) report(`${filled} jobs: ${describe(last)}`, Date.now() - began);
    }
    while (last.ended < mark) last = await read(worker, false, 200);
    const collected = await read(worker, true);
    marks.push({ jobs: mark, before: last, collected });
    report(`${mark} jobs ended: ${describe(last)}; after a collection ${describe(collected)}`, Date.now() - began);
  }
  worker.disconnect();
  await once(worker, "exit");

  const [early, late] = marks;
  if (early === undefined || late === undefined) throw new Error("the marks were not reached");
  writeResults("memory", { jobs, marks });
  const closing = {
    bench: "memory",
    jobs,
    rss200k: early.before.rssBytes,
    rss1m: late.before.rssBytes,
    ratio: rounded(late.before.rssBytes / early.before.rssBytes),
    rss200kCollected: early.collected.rssBytes,
    rss1mCollected: late.collected.rssBytes,
    ratioCollected: rounded(late.collected.rssBytes / early.collected.rssBytes),
    heap200kCollected: early.collected.heapBytes,
    heap1mCollected: late.collected.heapBytes,
    seconds: Math.round((Date.now() - began) / 1000),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}

function startWorkerProcess(url: string, flags: readonly string[]): ChildProcess {
  // Its log is written, as in a pod, and thrown away.
  const nowhere = openSync("/dev/null", "w");
  const worker = fork(join(import.meta.dirname, "worker.ts"), [url, queue], {
    execArgv: ["--conditions=source", "--expose-gc", ...flags],
    stdio: ["ignore", nowhere, "inherit", "ipc"],
  });
  closeSync(nowhere);
  return worker;
}

async function read(worker: ChildProcess, collect: boolean, afterMs = 0): Promise<Reading> {
  await sleep(afterMs);
  const ended = new AbortController();
  const onExit = () => ended.abort(new Error("the worker ended"));
  worker.once("exit", onExit);
  worker.send(collect);
  const [reading] = await once(worker, "message", { signal: ended.signal });
  worker.off("exit", onExit);
  return reading as Reading;
}

function describe({ rssBytes, heapBytes }: Reading): string {
  const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `RSS ${mebibytes(rssBytes)}, heap ${mebibytes(heapBytes)}`;
}
