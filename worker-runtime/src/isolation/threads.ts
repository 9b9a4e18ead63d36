import { DefinitionError } from "../errors.ts";
import type { Job } from "../job.ts";
import { startThread, type Thread } from "./thread.ts";
import { runInThread } from "./thread-run.ts";

/** The worker threads in which jobs with `isolate: true` run. */
export interface Threads {
  /** The job as the worker runs it: one with `isolate: true` in a thread, any other as it is. */
  place(job: Job): Job;
  /** Ends all threads, whatever they do. */
  stop(): Promise<void>;
}

/**
 * Threads are started as they are needed, each with the user's module loaded, and kept for the next run. A thread has
 * one run at a time, so there are never more of them than jobs run at once.
 *
 * @param module path of the user's module; undefined where there is none, in tests and scripts.
 * @throws DefinitionError from `place` when a job asks for a thread and there is no module to load in it.
 */
export function createThreads(module: string | undefined): Threads {
  const idle: Thread[] = [];
  const all = new Set<Thread>();

  function take(file: string): Thread {
    for (let thread = idle.pop(); thread !== undefined; thread = idle.pop()) {
      if (thread.alive) return thread;
      all.delete(thread);
    }
    const thread = startThread({ module: file });
    all.add(thread);
    return thread;
  }

  function putBack(thread: Thread): void {
    if (thread.alive) idle.push(thread);
    else all.delete(thread);
  }

  return {
    place(job) {
      if (!job.isolate) return job;
      if (module === undefined) {
        throw new DefinitionError(
          `job "${job.name}" has isolate: true, and a thread loads the module that defines it: run it with jobwright-worker <file>, or give startWorker the module's path`,
        );
      }
      return {
        ...job,
        async run(input, context) {
          const thread = take(module);
          try {
            return await runInThread(thread, input, context);
          } finally {
            putBack(thread);
          }
        },
      };
    },
    async stop() {
      await Promise.all([...all].map((thread) => thread.terminate()));
      all.clear();
    },
  };
}
