/** Test handlers and whole queues without a broker: `@jobwright/worker-runtime/testing`. */
export type { LogLine } from "./log-lines.ts";
export type { OpenJob } from "./open-jobs.ts";
export { type EnqueuedJob, type JobRun, type RunJobOptions, runJob } from "./run-job.ts";
export { createTestQueue, type TestQueue, type TestQueueOptions } from "./test-queue.ts";
export type { DeadJob, TestJob } from "./told.ts";
