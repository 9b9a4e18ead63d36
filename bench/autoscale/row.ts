import { type ScalingFigures, waitsOf } from "../harness/scaling-figures.ts";

/** What one subject did with one trace: a line of the bench's output. */
export interface Row extends ScalingFigures {
  readonly subject: string;
  readonly config: string;
  readonly trace: string;
  /** AMQP methods and HTTP requests that the autoscaler sent to the broker in that time. */
  readonly brokerRequestsPerMinute: number;
}

/** The time of a pod: from its creation until its containers have ended, and for ever where they have not. */
export interface PodSpan {
  readonly fromMs: number;
  readonly toMs?: number | undefined;
}

/** One execution of a handler. */
export interface Execution {
  readonly job: string;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly ending?: "finished" | "failed";
}

/** What was seen in a run; times are those of this machine's clock, ms. */
export interface Seen {
  readonly fromMs: number;
  /** When time was up, or all was done. */
  readonly toMs: number;
  /** When each job was enqueued. */
  readonly enqueued: ReadonlyMap<string, number>;
  readonly executions: readonly Execution[];
  readonly pods: readonly PodSpan[];
  readonly replicas: readonly { readonly atMs: number; readonly replicas: number }[];
  /** Times of the autoscaler's requests to the broker. */
  readonly brokerRequests: readonly number[];
}

export function rowOf(about: Pick<Row, "subject" | "config" | "trace">, seen: Seen): Row {
  const { fromMs, enqueued, executions } = seen;
  const finished = executions.filter(({ ending }) => ending === "finished");
  const done = new Set(finished.map(({ job }) => job));
  const lost = [...enqueued.keys()].filter((job) => !done.has(job)).length;
  const toMs = lost > 0 ? seen.toMs : Math.max(...finished.map(({ endedAtMs = seen.toMs }) => endedAtMs));
  const firstStarts = new Map<string, number>();
  for (const { job, startedAtMs } of executions) {
    firstStarts.set(job, Math.min(firstStarts.get(job) ?? Number.POSITIVE_INFINITY, startedAtMs));
  }
  // A job that never started has waited all the time.
  const waits = waitsOf([...enqueued].map(([job, atMs]) => (firstStarts.get(job) ?? toMs) - atMs));
  const within = (atMs: number) => atMs >= fromMs && atMs <= toMs;
  return {
    ...about,
    jobs: enqueued.size,
    lost,
    repeated: executions.length - firstStarts.size,
    firstStartMs: Math.round(Math.min(...firstStarts.values(), toMs) - fromMs),
    drainMs: Math.round(toMs - fromMs),
    waitP50Ms: Math.round(waits.waitP50Ms),
    waitP95Ms: Math.round(waits.waitP95Ms),
    waitMaxMs: Math.round(waits.waitMaxMs),
    podSeconds: Math.round(podMs(seen.pods, fromMs, toMs) / 1000),
    replicaChanges: seen.replicas.filter(({ atMs }) => within(atMs)).length,
    brokerRequestsPerMinute: Math.round(seen.brokerRequests.filter(within).length / ((toMs - fromMs) / 60_000)),
  };
}

function podMs(pods: readonly PodSpan[], fromMs: number, toMs: number): number {
  const overlaps = pods.map((pod) => Math.min(pod.toMs ?? toMs, toMs) - Math.max(pod.fromMs, fromMs));
  return overlaps.reduce((sum, overlap) => sum + Math.max(0, overlap), 0);
}
