import { createHash } from "node:crypto";
import { parseDuration, protocolVersion, type WorkerConfiguration } from "@jobwright/worker-runtime/contract";
import type { JobQueue, WorkerPool } from "../api/objects.ts";

/** What the pool's workers are told, as they find it mounted. `queue` is the queue's resolved name on the broker. */
export function poolConfiguration(pool: WorkerPool, jobQueue: JobQueue, queue: string): WorkerConfiguration {
  const { maxAttempts, backoff } = jobQueue.spec.retry;
  return {
    version: protocolVersion,
    namespace: pool.metadata.namespace,
    pool: pool.metadata.name,
    queue,
    concurrency: pool.spec.concurrency,
    retry: {
      maxAttempts,
      initialMs: parseDuration(backoff.initial),
      maxMs: parseDuration(backoff.max),
      multiplier: backoff.multiplier,
      jitterPercent: backoff.jitterPercent,
    },
    drainTimeoutMs: parseDuration(pool.spec.drainTimeout),
    lanes: [],
    outcomes: "None",
    schemas: {},
    encrypted: false,
  };
}

/** Short digest that changes with the configuration. */
export function configurationHash(configuration: WorkerConfiguration): string {
  return createHash("sha256").update(JSON.stringify(configuration)).digest("hex").slice(0, 16);
}
