import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { systemClock } from "../clock.ts";
import { DeliveryLost, DrainDeadline, JobTimedOut } from "../errors.ts";
import { defineJob, type Job, type JobContext } from "../job.ts";
import { createInputCodec } from "../message/input-codec.ts";
import { readJobMessage } from "../message/message.ts";
import { createChildren } from "./children.ts";
import { execute } from "./execution.ts";
import { GiveUp } from "./handler-outcome.ts";
import { createProgressReports } from "./progress.ts";
import { RunContext, type RunSurroundings } from "./run-context.ts";

const message = readJobMessage(
  { content: Buffer.from("{}"), fields: { routingKey: "work" }, properties: { messageId: "m-1" } },
  0,
);
const log = pino({ level: "silent" });
const surroundings: RunSurroundings = {
  queue: "a.b",
  maxAttempts: 3,
  log: () => log,
  children: ({ id }) => createChildren({ id, queue: "a.b" }, (queue) => createInputCodec({ queue }), systemClock),
  progress: () => createProgressReports(async () => {}, systemClock),
};
const never = new AbortController().signal;

function run(job: Job, { lost = never, drain = never } = {}) {
  const context = new RunContext(message, { lane: undefined, lost }, drain, systemClock, surroundings);
  return execute(job, {}, context, systemClock);
}

function work(handler: (signal: AbortSignal, job: JobContext) => unknown, timeout?: string) {
  return defineJob({
    name: "work",
    input: z.unknown(),
    ...(timeout === undefined ? {} : { timeout }),
    run: (_, job) => handler(job.signal, job),
  });
}
const untilAborted = (signal: AbortSignal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe("execute", () => {
  test("tells the handler about its job", async () => {
    const seen = vi.fn();
    await run(work((_, job) => seen(job)));
    expect(seen.mock.calls[0]?.[0]).toMatchObject({ id: "m-1", attempt: 1, maxAttempts: 3, queue: "a.b" });
  });

  test("a handler that throws at once has thrown", async () => {
    const error = new Error("no");
    const ending = await run(
      work(() => {
        throw error;
      }),
    );
    expect(ending).toEqual({ type: "Threw", error });
  });

  test("over its timeout the signal is aborted and the run has failed", async () => {
    const ending = await run(work(untilAborted, "5ms"));
    expect(ending).toMatchObject({ type: "TimedOut", error: expect.any(JobTimedOut) });
  });

  test("a handler that returns early because of its timeout has not done its work", async () => {
    const ending = await run(work((signal) => untilAborted(signal).catch(() => {}), "5ms"));
    expect(ending.type).toBe("TimedOut");
  });

  test("it does not settle while a handler goes on that ignores its signal", async () => {
    const handler = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const job = work((signal) => {
      signal.addEventListener("abort", () => aborted.resolve(), { once: true });
      return handler.promise;
    }, "5ms");
    let settled = false;
    const ending = run(job).finally(() => {
      settled = true;
    });
    await aborted.promise;
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    handler.resolve();
    expect((await ending).type).toBe("TimedOut");
  });

  test.each([
    ["a string", "no", "no"],
    ["an object", { code: 1 }, "a handler threw { code: 1 }"],
    ["nothing", undefined, "a handler threw undefined"],
    ["a Proxy that throws", new Proxy(new Error("no"), { get: () => expect.fail("looked at") }), "cannot be looked at"],
    ["a Proxy that was revoked", revoked(), "cannot be looked at"],
    [
      "a getter that throws",
      Object.defineProperty(new Error("no"), "message", { get: () => expect.fail("looked at") }),
      "cannot be looked at",
    ],
  ])("a handler that throws %s has thrown an Error that can be told", async (_, thrown, words) => {
    const ending = await run(work(() => Promise.reject(thrown)));
    expect(ending).toMatchObject({ type: "Threw", error: { message: expect.stringContaining(words) } });
  });

  test.each([
    ["throws because of it, is interrupted", untilAborted, "Interrupted"],
    ["still returns, has done its work", (signal: AbortSignal) => untilAborted(signal).catch(() => {}), "Returned"],
    [
      "gives up, has given up",
      (signal: AbortSignal) =>
        untilAborted(signal).catch(() => {
          throw new GiveUp("no");
        }),
      "Threw",
    ],
  ])("at the drain deadline, a handler that %s", async (_, handler, type) => {
    const drain = new AbortController();
    const ending = run(work(handler), { drain: drain.signal });
    drain.abort(new DrainDeadline());
    expect((await ending).type).toBe(type);
  });

  test("a lost delivery aborts the handler with that reason", async () => {
    const lost = new AbortController();
    const ending = run(work(untilAborted), { lost: lost.signal });
    lost.abort(new DeliveryLost());
    expect(await ending).toMatchObject({ type: "Threw", error: expect.any(DeliveryLost) });
  });
});
