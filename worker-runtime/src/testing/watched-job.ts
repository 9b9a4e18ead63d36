import type { ChildOptions, Job, JobContext } from "../job.ts";

/** What a handler called and threw. */
export interface Watched {
  /** Calls of `job.enqueue`, by the id that each was answered with. */
  readonly enqueued: ReadonlyMap<string, { name: string; input: unknown; options: ChildOptions }>;
  readonly progress: readonly { readonly fraction: number; readonly note: string | undefined }[];
  readonly thrown: unknown;
}

/** The same job, and what its handler does with its context. */
export function watchedJob(job: Job): { job: Job; watched: Watched } {
  const enqueued = new Map<string, { name: string; input: unknown; options: ChildOptions }>();
  const progress: { fraction: number; note: string | undefined }[] = [];
  const watched = { enqueued, progress, thrown: undefined as unknown };

  function watch(context: JobContext): JobContext {
    const calls: Pick<JobContext, "enqueue" | "progress"> = {
      async enqueue(child, input, options = {}) {
        const id = await context.enqueue(child, input, options);
        enqueued.set(id, { name: child.name, input, options });
        return id;
      },
      progress(fraction, note) {
        context.progress(fraction, note);
        progress.push({ fraction, note });
      },
    };
    // A proxy and no copy: what a handler does not touch is not made.
    return new Proxy(context, {
      get: (target, name) => (name in calls ? Reflect.get(calls, name) : Reflect.get(target, name, target)),
    });
  }

  return {
    watched,
    job: {
      ...job,
      async run(input, context) {
        try {
          return await job.run(input, watch(context));
        } catch (error) {
          watched.thrown = error;
          throw error;
        }
      },
    },
  };
}
