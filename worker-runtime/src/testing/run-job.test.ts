import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineJob } from "../job.ts";
import { RetryLater } from "../run/handler-outcome.ts";
import { runJob } from "./run-job.ts";

const child = defineJob({ name: "child", input: z.object({ n: z.number() }), run() {} });

describe("runJob", () => {
  it("tells what a handler was given as it was read, and what it did", async () => {
    const job = defineJob({
      name: "parent",
      input: z.object({ at: z.coerce.date() }),
      output: z.object({ year: z.number() }),
      async run({ at }, context) {
        context.log.info({ key: context.key }, "read");
        await context.enqueue(child, { n: context.attempt }, { lane: "urgent" });
        return { year: at.getUTCFullYear() };
      },
    });
    const run = await runJob(job, { at: "2030-05-01" }, { attempt: 2, key: "k" });
    expect(run).toMatchObject({
      outcome: "done",
      output: { year: 2030 },
      enqueued: [{ name: "child", input: { n: 2 }, options: { lane: "urgent" } }],
      logs: [{ level: "info", msg: "read", key: "k", attempt: 2 }],
    });
  });

  it("returns the very error that was thrown, and enqueues nothing for a run that failed", async () => {
    const error = new TypeError("no");
    const job = defineJob({
      name: "failing",
      input: z.object({}),
      async run(_, context) {
        await context.enqueue(child, { n: 1 });
        throw error;
      },
    });
    const run = await runJob(job, {});
    expect(run.error).toBe(error);
    expect(run).toMatchObject({ outcome: "retried", enqueued: [], retry: { attempt: 2, afterSeconds: 1 } });
  });

  it("shows the input of a RetryLater", async () => {
    const job = defineJob({
      name: "later",
      input: z.object({ n: z.number() }),
      run({ n }) {
        throw new RetryLater({ after: "5m", input: { n: n + 1 } });
      },
    });
    const { retry } = await runJob(job, { n: 1 });
    expect(retry).toEqual({ afterSeconds: 300, attempt: 1, input: { n: 2 } });
  });

  it("names the timeout, in real time, and not what the handler made of it", async () => {
    const job = defineJob({
      name: "slow",
      input: z.object({}),
      timeout: "10ms",
      run: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("I was told to stop")));
        }),
    });
    const { outcome, error } = await runJob(job, {}, { maxAttempts: 1 });
    expect(outcome).toBe("failed");
    expect(error?.name).toBe("JobTimedOut");
  });

  it("hands a job back whose worker stops", async () => {
    const stop = new AbortController();
    const job = defineJob({
      name: "stopped",
      input: z.object({}),
      run(_, { signal }) {
        stop.abort();
        signal.throwIfAborted();
      },
    });
    expect((await runJob(job, {}, { signal: stop.signal })).outcome).toBe("handedBack");
  });
});
