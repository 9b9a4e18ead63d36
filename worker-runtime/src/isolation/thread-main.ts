/** What a worker thread runs: it loads the user's module, and then the jobs that it is sent. */
import { parentPort, workerData } from "node:worker_threads";
import { loadDefinition } from "../command/load.ts";
import { enqueuedTooLate, messageOf } from "../errors.ts";
import { type Job, type JobContext, requireJob } from "../job.ts";
import { createInputCodec } from "../message/input-codec.ts";
import { checkFraction } from "../run/progress.ts";
import { withTraceHeaders } from "../telemetry/tracing.ts";
import { forwardingLog } from "./forwarded-log.ts";
import type { FromThread, ThreadData, ToThread } from "./messages.ts";
import { readError, writeError } from "./wire-error.ts";

const port = parentPort;
if (port === null) throw new Error("thread-main is started by the worker, as a thread");

const { module } = workerData as ThreadData;
const definition = await loadDefinition(module);
const jobs = new Map(definition.jobs.map((job) => [job.name, job]));

/** Calls of `enqueue` that wait for the worker's answer. */
const calls = new Map<number, PromiseWithResolvers<string>>();
let callCount = 0;
let abort: AbortController | undefined;

port.on("message", (message: ToThread) => {
  switch (message.type) {
    case "Run":
      void run(message);
      break;
    case "Abort":
      abort?.abort(readError(message.reason));
      break;
    case "Enqueued":
      calls.get(message.call)?.resolve(message.id);
      calls.delete(message.call);
      break;
    case "NotEnqueued":
      calls.get(message.call)?.reject(readError(message.error));
      calls.delete(message.call);
      break;
  }
});
port.postMessage({ type: "Loaded" } satisfies FromThread);

function tell(message: FromThread): void {
  port?.postMessage(message);
}

async function run({ job: facts, input, logLevel, trace }: Extract<ToThread, { type: "Run" }>): Promise<void> {
  const controller = new AbortController();
  abort = controller;
  const enqueued: Promise<string>[] = [];
  // What a handler left behind goes on when it has ended, and must not speak for the next job of this thread.
  let ended = false;
  const context: JobContext = {
    ...facts,
    signal: controller.signal,
    log: forwardingLog(logLevel, (line) => tell({ type: "Log", line })),
    progress(fraction, note) {
      checkFraction(fraction);
      if (!ended) tell({ type: "Progress", fraction, note });
    },
    heartbeat() {
      if (!ended) tell({ type: "Heartbeat" });
    },
    enqueue(job, childInput, options) {
      const sent = enqueue(() => ended, job, childInput, options);
      // Awaited below too; until then, a failure that nobody awaits is not to end the thread. Nor is one that comes too
      // late, since another job may run by then.
      sent.catch(() => {});
      if (!ended) enqueued.push(sent);
      return sent;
    },
  };
  const end = (message: FromThread) => {
    ended = true;
    tell(message);
  };
  try {
    const job = jobs.get(facts.name);
    if (job === undefined) throw new Error(`the thread's copy of ${module} has no job "${facts.name}"`);
    const output = await withTraceHeaders(trace, async () => job.run(input, context));
    await Promise.all(enqueued);
    end({ type: "Returned", output: writeOutput(job, output) });
  } catch (error) {
    threw(error, end);
  }
}

/** Only to check inputs where their schema is: they are sealed for their queue by the worker itself. */
const codec = createInputCodec({ queue: "" });

async function enqueue(
  isEnded: () => boolean,
  ...[job, input, options]: Parameters<JobContext["enqueue"]>
): Promise<string> {
  requireJob("job.enqueue", job);
  const { content } = await codec.seal(job, "", input);
  if (isEnded()) throw enqueuedTooLate(job.name);
  callCount += 1;
  const answer = Promise.withResolvers<string>();
  calls.set(callCount, answer);
  tell({ type: "Enqueue", call: callCount, job: job.name, input: content.toString(), options });
  return await answer.promise;
}

/** As JSON, which is all that others see of an output; undefined where it has no word for it. */
function writeOutput(job: Job, output: unknown): string | undefined {
  try {
    return JSON.stringify(output);
  } catch (error) {
    if (job.output === undefined) return undefined;
    const why = messageOf(error);
    throw new Error(`the output of "${job.name}" cannot be written as JSON: ${why}`);
  }
}

function threw(error: unknown, end: (message: FromThread) => void): void {
  const wire = writeError(error);
  try {
    end({ type: "Threw", error: wire });
  } catch (refused) {
    // The input of a RetryLater.
    end({ type: "Threw", error: writeError(refused) });
  }
}
