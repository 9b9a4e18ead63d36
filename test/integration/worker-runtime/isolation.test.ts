import { join } from "node:path";
import { GiveUp, HandlerThreadEnded, InvalidInput, JobTimedOut, RetryLater } from "@jobwright/worker-runtime";
import { deadLetterHeader } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { createThreads } from "../../../worker-runtime/src/isolation/threads.ts";
import type { Job, JobContext } from "../../../worker-runtime/src/job.ts";
import { isolated, spinning, uncloneable } from "./isolated-jobs.ts";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { quickRetry, runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const module = join(import.meta.dirname, "isolated-jobs.ts");

function threads() {
  const started = createThreads(module);
  onTestFinished(() => started.stop());
  return started;
}

function contextOf(changes: Partial<JobContext> = {}): JobContext {
  return {
    id: "m-1",
    name: "isolated",
    queue: "media.isolated",
    lane: "urgent",
    key: "order-7",
    attempt: 2,
    maxAttempts: 3,
    enqueuedAt: new Date(1_700_000_000_000),
    signal: new AbortController().signal,
    log: pino({ level: "silent" }),
    progress() {},
    heartbeat() {},
    enqueue: () => Promise.reject(new Error("not expected")),
    ...changes,
  };
}

/** Runs one job in a thread. */
async function act(input: { act: string; [more: string]: unknown }, changes: Partial<JobContext> = {}, on = threads()) {
  const parsed = isolated.input.parse(input);
  return await on.place(isolated as Job).run(parsed, contextOf(changes));
}
const thrownBy = (run: Promise<unknown>) =>
  run.then(
    () => expect.unreachable("it returned"),
    (error: unknown) => error,
  );

test("the handler runs in a thread, with the facts of its job and its input as the schema made it", async () => {
  expect(await act({ act: "facts", at: "2026-01-02" })).toEqual({
    id: "m-1",
    name: "isolated",
    queue: "media.isolated",
    lane: "urgent",
    key: "order-7",
    attempt: 2,
    maxAttempts: 3,
    enqueuedAt: "2023-11-14T22:13:20.000Z",
    isMainThread: false,
    threadId: expect.any(Number),
    atIsDate: true,
  });
});

test("while handlers compute, this thread's timers go on, and two handlers compute at once", async () => {
  const on = threads();
  const loaded = { act: "compute", ms: 0 };
  await Promise.all([act(loaded, {}, on), act(loaded, {}, on)]);
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 10);
  const ran = await Promise.all([
    act({ act: "compute", ms: 1_000 }, {}, on),
    act({ act: "compute", ms: 1_000 }, {}, on),
  ]);
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
  expect(new Set(ran.map((one) => (one as { threadId: number }).threadId)).size).toBe(2);
});

test("a thread is used again", async () => {
  const on = threads();
  const first = await act({ act: "compute" }, {}, on);
  await thrownBy(act({ act: "fail" }, {}, on));
  expect(await act({ act: "compute" }, {}, on)).toEqual(first);
});

test("log lines arrive in the job's own log, with error, bindings and level", async () => {
  const { log, lines } = memoryLog();
  await act({ act: "log" }, { log: log.child({ job: "isolated" }) });
  expect(lines).toEqual([
    expect.objectContaining({
      level: 40,
      msg: "seen",
      job: "isolated",
      part: 1,
      err: expect.objectContaining({
        type: "TypeError",
        stack: expect.stringMatching(/broken[\s\S]*isolated-jobs\.ts[\s\S]*deep/),
      }),
    }),
  ]);
});

test("progress and heartbeat cross", async () => {
  const progress = vi.fn();
  const heartbeat = vi.fn();
  await act({ act: "signs of life" }, { progress, heartbeat });
  expect(progress.mock.calls).toEqual([[0.5, "half"]]);
  expect(heartbeat).toHaveBeenCalledOnce();
});

test("progress that is no number fails the handler, as outside of a thread, and not the worker", async () => {
  const progress = vi.fn();
  expect(await thrownBy(act({ act: "wrong progress" }, { progress }))).toMatchObject({
    name: "RangeError",
    message: "job.progress: fraction is 0.5: expected a number from 0 to 1",
  });
  expect(progress).not.toHaveBeenCalled();
});

test("what a handler left behind does nothing in the name of the thread's next job", async () => {
  const on = threads();
  const heartbeat = vi.fn();
  const enqueue = vi.fn();
  await act({ act: "leave something behind" }, {}, on);
  await act({ act: "compute", ms: 300 }, { heartbeat, enqueue }, on);
  const { log, lines } = memoryLog();
  await act({ act: "tell what was left behind" }, { heartbeat, enqueue, log }, on);
  expect(lines).toEqual([
    expect.objectContaining({ msg: expect.stringContaining('job.enqueue "child": the handler has ended') }),
  ]);
  expect(heartbeat).not.toHaveBeenCalled();
  expect(enqueue).not.toHaveBeenCalled();
});

test("job.enqueue crosses, answers with the id, and is refused where the child's schema is", async () => {
  const enqueue = vi.fn().mockResolvedValue("child-1");
  expect(await act({ act: "enqueue" }, { enqueue })).toBe("child-1");
  expect(enqueue.mock.calls).toEqual([
    [expect.objectContaining({ name: "child" }), { of: "m-1" }, { delay: "1s", key: "k" }],
  ]);
  const error = await thrownBy(act({ act: "enqueue what does not fit" }, { enqueue }));
  expect(error).toBeInstanceOf(InvalidInput);
  expect(enqueue).toHaveBeenCalledOnce();
  const refused = new InvalidInput("refused here");
  const passedOn = await thrownBy(act({ act: "enqueue" }, { enqueue: () => Promise.reject(refused) }));
  expect(passedOn).toMatchObject({ name: "InvalidInput", message: "refused here" });
});

test("what a handler throws keeps its class, name, message, stack, code and cause", async () => {
  expect(await thrownBy(act({ act: "fail" }))).toMatchObject({
    name: "RangeError",
    message: "out of range",
    code: "E_RANGE",
    stack: expect.stringContaining("isolated-jobs.ts"),
    cause: expect.objectContaining({ message: "why" }),
  });
  expect(await thrownBy(act({ act: "throw text" }))).toMatchObject({ message: "just text" });
  const gaveUp = await thrownBy(act({ act: "give up" }));
  expect(gaveUp).toBeInstanceOf(GiveUp);
  expect(gaveUp).toMatchObject({ message: "no use" });
  const later = await thrownBy(act({ act: "retry later" }));
  expect(later).toBeInstanceOf(RetryLater);
  expect(later).toMatchObject({ afterMs: 90_000, input: { act: "facts" } });
});

test("the signal is aborted in the thread, with its reason", async () => {
  const controller = new AbortController();
  const { log, lines } = memoryLog();
  const error = thrownBy(act({ act: "wait" }, { signal: controller.signal, log }));
  await until("the handler to begin", () => lines.length === 1);
  controller.abort(new JobTimedOut("isolated", 50));
  expect(await error).toBeInstanceOf(JobTimedOut);
});

test("a handler that ignores its signal for 5 s loses its thread; others get a new one", async () => {
  const on = threads();
  const controller = new AbortController();
  const { log, lines } = memoryLog();
  const error = thrownBy(act({ act: "compute for ever" }, { signal: controller.signal, log }, on));
  await until("the handler to begin", () => lines.length === 1);
  const abortedAt = performance.now();
  controller.abort(new JobTimedOut("isolated", 50));
  const ended = await error;
  expect(ended).toBeInstanceOf(HandlerThreadEnded);
  expect(ended).toMatchObject({ message: expect.stringContaining("after its signal was aborted") });
  expect(performance.now() - abortedAt).toBeGreaterThan(4_900);
  expect(await act({ act: "compute" }, {}, on)).toBeDefined();
});

test("a job that computes for ever is dead-lettered as timed out, and its slot does the next job", async () => {
  const queue = await createTestQueue();
  const { log, said } = memoryLog();
  const retry = { ...quickRetry, maxAttempts: 1 };
  const worker = await runWorker(queue, [spinning, isolated], { retry }, { log, module });
  await queue.publish("spinning", {});
  // Without a timeout: its thread is a new one, and takes a while to load.
  await queue.publish("isolated", { act: "compute" });
  const letter = await queue.deadLetter();
  expect(headerOf(letter, deadLetterHeader.errorName)).toBe("JobTimedOut");
  expect(await said("goes on 5 s after its signal was aborted: its thread is ended")).toMatchObject({
    job: "spinning",
  });
  const metrics = async () => await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text();
  await until("the next job", async () => /jobs_total\{job="isolated",outcome="done"\} 1/.test(await metrics()));
  expect(await queue.leftBy(worker)).toBe(0);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
});

test.each([
  ["process.exit", "exit", "ended with code 3 before its handler did: handlers must not call process.exit"],
  ["an error that nobody catches", "crash", "crashed: Error: nobody catches this"],
])("%s fails the attempt alone", async (_, what, message) => {
  const on = threads();
  const error = await thrownBy(act({ act: what }, {}, on));
  expect(error).toBeInstanceOf(HandlerThreadEnded);
  expect(error).toMatchObject({ message: expect.stringContaining(message) });
  expect(await act({ act: "compute" }, {}, on)).toBeDefined();
});

test("what JSON cannot say of an output is left out", async () => {
  expect(await act({ act: "return a function" })).toEqual({ done: true });
  expect(await act({ act: "return itself" })).toBeUndefined();
});

test("an input that cannot cross is a failure that says so", async () => {
  const run = threads()
    .place(uncloneable as Job)
    .run(uncloneable.input.parse({}), contextOf({ name: "uncloneable" }));
  expect(await thrownBy(Promise.resolve(run))).toMatchObject({
    message: expect.stringContaining('the input of "uncloneable" cannot be given to a worker thread'),
  });
});

test("a module that does not load, or none, is told", async () => {
  const broken = createThreads("/no/such/jobs.ts").place(isolated as Job);
  const error = await thrownBy(Promise.resolve(broken.run({ act: "facts" }, contextOf())));
  expect(error).toMatchObject({ message: expect.stringContaining("there is no file /no/such/jobs.ts") });
  expect(() => createThreads(undefined).place(isolated as Job)).toThrow('job "isolated" has isolate: true');
});
