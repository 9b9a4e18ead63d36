import { z } from "zod";

/** The job that all subjects run. `payload` makes up the size. */
export const benchInput = z.object({
  sequence: z.int().nonnegative(),
  sentAtMs: z.number(),
  payload: z.string(),
});
export type BenchInput = z.infer<typeof benchInput>;

/** Name of the job, and routing key of its messages. */
export const benchJob = "bench";

/** Does a job; what the subject calls as its handler. */
export type Handle = (input: BenchInput) => Promise<void>;

/** Where a subject finds its jobs. For BullMQ `url` is Redis, else RabbitMQ. */
export interface Target {
  readonly url: string;
  readonly queue: string;
}

/** A consumer that is connected, and takes jobs between `resume` and `pause`. */
export interface SubjectConsumer {
  resume(): Promise<void>;
  /** Takes no more; resolves when the server has heard of every job that was done. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

/** A producer that is connected. */
export interface SubjectProducer {
  /** Resolves when the server has stored the job. */
  enqueue(input: BenchInput): Promise<unknown>;
  close(): Promise<void>;
}

/** One way of doing background jobs, behind the same two calls as every other. */
export interface Subject {
  /** Runs at most `concurrency` handlers at once. */
  openConsumer(target: Target, concurrency: number, handle: Handle): Promise<SubjectConsumer>;
  openProducer(target: Target): Promise<SubjectProducer>;
}
