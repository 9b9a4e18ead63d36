/** A user's module whose jobs run in threads. Threads load it as Node does, so it imports the runtime by its path. */
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, threadId } from "node:worker_threads";
import { z } from "zod";
import { defineJob, defineWorker, GiveUp, RetryLater } from "../../../worker-runtime/src/index.ts";

export const child = defineJob({ name: "child", input: z.object({ of: z.string() }), run() {} });

let leftBehind: Promise<string> | undefined;

export const isolated = defineJob({
  name: "isolated",
  input: z.object({ act: z.string(), at: z.coerce.date().optional(), ms: z.number().optional() }),
  isolate: true,
  async run({ act, at, ms = 0 }, job) {
    switch (act) {
      case "facts": {
        const { id, name, queue, lane, key, attempt, maxAttempts, enqueuedAt } = job;
        const facts = { id, name, queue, lane, key, attempt, maxAttempts, enqueuedAt };
        return { ...facts, isMainThread, threadId, atIsDate: at instanceof Date };
      }
      case "compute":
        block(ms);
        return { threadId };
      case "compute for ever":
        job.log.info("computing");
        for (;;) block(1_000);
      case "wait":
        job.log.info("waiting");
        await sleep(600_000, undefined, { signal: job.signal }).catch(() => job.signal.throwIfAborted());
        return;
      case "log":
        job.log.child({ part: 1 }).warn({ err: new TypeError("broken", { cause: new Error("deep") }) }, "seen");
        return;
      case "signs of life":
        job.progress(0.5, "half");
        job.heartbeat();
        return;
      case "wrong progress":
        job.progress("0.5" as unknown as number);
        return;
      case "leave something behind":
        leftBehind = sleep(200).then(() => {
          job.heartbeat();
          return job.enqueue(child, { of: "nobody" });
        });
        leftBehind.catch(() => {});
        return;
      case "tell what was left behind":
        await leftBehind?.catch((error: Error) => job.log.info(error.message));
        return;
      case "enqueue":
        return await job.enqueue(child, { of: job.id }, { delay: "1s", key: "k" });
      case "enqueue what does not fit": {
        const wrong: { of: string } = JSON.parse("{}");
        return await job.enqueue(child, wrong);
      }
      case "fail":
        throw Object.assign(new RangeError("out of range", { cause: "why" }), { code: "E_RANGE" });
      case "throw text":
        throw "just text";
      case "give up":
        throw new GiveUp("no use");
      case "retry later":
        throw new RetryLater({ after: "90s", input: { act: "facts" } });
      case "exit":
        return process.exit(3);
      case "crash":
        setTimeout(() => {
          throw new Error("nobody catches this");
        }, 1);
        await sleep(600_000);
        return;
      case "exhaust memory": {
        const held: string[][] = [];
        for (;;) held.push(new Array(100_000).fill(`${held.length}`).map((text, index) => text + index));
      }
      case "return a function":
        return { done: true, callback: () => {} };
      case "return itself": {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      }
      default:
        throw new Error(`unknown act "${act}"`);
    }
  },
});

/** Computes for ever, and so never hears of its timeout. */
export const spinning = defineJob({
  name: "spinning",
  input: z.object({}),
  isolate: true,
  timeout: "3s",
  run() {
    for (;;) block(1_000);
  },
});

/** Its input cannot cross to a thread. */
export const uncloneable = defineJob({
  name: "uncloneable",
  input: z.object({}).transform(() => ({ callback: () => {} })),
  isolate: true,
  run() {},
});

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // Computes.
  }
}

export default defineWorker({ jobs: [child, isolated, spinning, uncloneable] });
