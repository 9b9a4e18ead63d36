import type { JobContext } from "../job.ts";
import type { WireError } from "./wire-error.ts";

/** What a thread is started with. */
export interface ThreadData {
  /** Path of the user's module. */
  readonly module: string;
}

/** The facts of {@link JobContext}; what it can do crosses as messages. */
export type JobFacts = Omit<JobContext, "signal" | "log" | "progress" | "enqueue" | "heartbeat">;

/** What the worker tells one of its threads. A thread has one run at a time. */
export type ToThread =
  | {
      readonly type: "Run";
      readonly job: JobFacts;
      readonly input: unknown;
      readonly logLevel: string;
      /** W3C trace context of the span that the run belongs to. */
      readonly trace: Readonly<Record<string, string>>;
    }
  | { readonly type: "Abort"; readonly reason: WireError }
  | { readonly type: "Enqueued"; readonly call: number; readonly id: string }
  | { readonly type: "NotEnqueued"; readonly call: number; readonly error: WireError };

/** What a thread tells the worker. */
export type FromThread =
  /** The user's module is loaded. */
  | { readonly type: "Loaded" }
  /** The output as JSON, if it has a word for it. */
  | { readonly type: "Returned"; readonly output: string | undefined }
  | { readonly type: "Threw"; readonly error: WireError }
  /** One line of the job's log, as pino wrote it. */
  | { readonly type: "Log"; readonly line: string }
  | { readonly type: "Progress"; readonly fraction: number; readonly note: string | undefined }
  | { readonly type: "Heartbeat" }
  | {
      readonly type: "Enqueue";
      /** Numbers the calls of a thread, for the answer. */
      readonly call: number;
      readonly job: string;
      /** The input as JSON, checked in the thread, which has the child's schema. */
      readonly input: string;
      readonly options: Parameters<JobContext["enqueue"]>[2];
    };
