import type { SubjectName } from "../subjects/names.ts";
import type { Target } from "../subjects/subject.ts";

/** What a run used. */
export interface Usage {
  readonly jobs: number;
  readonly elapsedMs: number;
  /** CPU time of the subject's process, user and system. */
  readonly cpuMs: number;
}

/** Times in ms, spread over one run. */
export interface Latencies {
  readonly jobs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the bench may ask of a subject's process, and what it answers. */
export interface Calls {
  openConsumer: [{ subject: SubjectName; target: Target; concurrency: number; handlerMs: number }, undefined];
  /** Takes `jobs` jobs that are in the queue already; from the start of consuming to the last ack. */
  drain: [{ jobs: number }, Usage];
  resume: [undefined, undefined];
  pause: [undefined, undefined];
  /** Waits until `jobs` jobs have started since `resume`; from each one's `sentAtMs` to its handler's start. */
  latencies: [{ jobs: number }, Latencies];
  openProducer: [{ subject: SubjectName; target: Target }, undefined];
  /** Produces `jobs` jobs as fast as it can, at most `inFlight` of them unconfirmed. */
  produce: [{ jobs: number; payloadBytes: number; inFlight: number }, Usage];
  /** Produces `jobs` jobs evenly, so many a second, waiting for none. */
  pace: [{ jobs: number; payloadBytes: number; perSecond: number }, Usage];
  close: [undefined, undefined];
}

export type CallName = keyof Calls;
export type Request = { [Name in CallName]: { id: number; name: Name; params: Calls[Name][0] } }[CallName];
export type Answer = { id: number; result: unknown } | { id: number; error: string };
