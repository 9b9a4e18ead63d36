/** What a handler told the recorder: one run of one attempt has started, or has ended. */
export interface JobEvent {
  kind: "started" | "finished" | "failed";
  /** The job's id. */
  job: string;
  /** Which attempt, 1 for the first. */
  attempt: number;
  /** When the job was first enqueued, ms since the Unix epoch. */
  enqueuedAt: number;
  /** The pod. */
  worker: string;
  /** What the handler threw; only where it failed. */
  error?: string;
  /** When the recorder heard of it, ms since the Unix epoch. */
  at: number;
}
