import { z } from "zod";
import { HandlerThreadEnded, messageOf } from "../errors.ts";
import type { JobContext } from "../job.ts";
import { activeContext, traceHeaders } from "../telemetry/tracing.ts";
import { forwardLine } from "./forwarded-log.ts";
import type { FromThread, JobFacts } from "./messages.ts";
import type { Thread } from "./thread.ts";
import { readError, writeError } from "./wire-error.ts";

/** How long a handler may go on after its signal was aborted before its thread is ended. */
const terminateAfterMs = 5_000;

/** A child is checked in the thread, by its own schema. */
const anything = z.unknown();

/**
 * Runs a job in a thread, whose messages become calls of `context`. Settles as the handler does; when its thread ends
 * before, or has to be ended because the handler ignores its signal, it rejects with HandlerThreadEnded.
 */
export function runInThread(thread: Thread, input: unknown, context: JobContext): Promise<unknown> {
  const { signal, log, name } = context;
  const active = activeContext();
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    /** Set when we end the thread ourselves. */
    let terminated: HandlerThreadEnded | undefined;

    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      thread.listen(undefined);
    }

    function fail(error: unknown): void {
      end();
      reject(error);
    }

    function onAbort(): void {
      thread.send({ type: "Abort", reason: writeError(signal.reason) });
      timer = setTimeout(terminate, terminateAfterMs);
    }

    function terminate(): void {
      log.warn(
        { err: signal.reason },
        `the handler goes on ${terminateAfterMs / 1000} s after its signal was aborted: its thread is ended`,
      );
      terminated = new HandlerThreadEnded(
        `job "${name}" went on for ${terminateAfterMs / 1000} s after its signal was aborted, and its thread was ended`,
        { cause: signal.reason },
      );
      // Fails when the thread says that it has ended: only then is its slot free.
      void thread.terminate();
    }

    function enqueue({ call, job, input: text, options }: Extract<FromThread, { type: "Enqueue" }>): void {
      active
        .within(() => context.enqueue({ name: job, input: anything }, JSON.parse(text), options))
        .then(
          (id) => thread.send({ type: "Enqueued", call, id }),
          (error: unknown) => thread.send({ type: "NotEnqueued", call, error: writeError(error) }),
        );
    }

    thread.listen({
      said(message) {
        switch (message.type) {
          case "Returned":
            end();
            resolve(message.output === undefined ? undefined : JSON.parse(message.output));
            break;
          case "Threw":
            fail(readError(message.error));
            break;
          case "Log":
            forwardLine(message.line, log);
            break;
          case "Progress":
            context.progress(message.fraction, message.note);
            break;
          case "Heartbeat":
            context.heartbeat();
            break;
          case "Enqueue":
            enqueue(message);
            break;
        }
      },
      ended: (how) => fail(terminated ?? threadEnded(name, how)),
    });
    try {
      thread.send({ type: "Run", job: factsOf(context), input, logLevel: log.level, trace: traceHeaders() });
    } catch (error) {
      // What zod made of the input, a class with functions for one, cannot cross.
      const words = messageOf(error);
      fail(
        new TypeError(`the input of "${name}" cannot be given to a worker thread (isolate: true): ${words}`, {
          cause: error,
        }),
      );
      return;
    }
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

function factsOf({ id, name, queue, lane, key, attempt, maxAttempts, enqueuedAt }: JobContext): JobFacts {
  return { id, name, queue, lane, key, attempt, maxAttempts, enqueuedAt };
}

function threadEnded(name: string, how: { error: unknown } | { exitCode: number }): HandlerThreadEnded {
  if ("exitCode" in how) {
    return new HandlerThreadEnded(
      `the thread of job "${name}" ended with code ${how.exitCode} before its handler did: handlers must not call process.exit`,
    );
  }
  const { error } = how;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new HandlerThreadEnded(
      `the thread of job "${name}" ran out of memory: let it hold less at once, or raise --max-old-space-size in NODE_OPTIONS`,
      { cause: error },
    );
  }
  return new HandlerThreadEnded(`the thread of job "${name}" crashed: ${String(error)}`, { cause: error });
}
