import { z } from "zod";
import { eventBinding } from "./event-binding.ts";
import { readableVersion } from "./version.ts";

/** Where the operator mounts a worker's configuration: this file, JSON, shaped as {@link workerConfiguration}. */
export const configurationPath = "/etc/jobwright/config/worker.json";

/** Where the operator mounts a worker's credentials, in Service Binding layout (see binding.ts). */
export const credentialsDirectory = "/etc/jobwright/credentials";

/**
 * Where the operator mounts the queue's keyring, for queues that encrypt: a file a key, named for its id, holding 32
 * bytes in base64, and a file `current` with the id of the key to encrypt with.
 */
export const keyringDirectory = "/etc/jobwright/keyring";

/** Environment variables that the operator sets on the worker's container. */
export const environment = {
  /** The pod's own name, from the downward API. */
  podName: "JOBWRIGHT_POD_NAME",
} as const;

/** The port on which a worker serves /metrics, /healthz and /readyz. */
export const telemetryPort = 9464;

/** Where it says there that it is ready, and not drained. */
export const readyPath = "/readyz";

/** How failed attempts are retried. Delay before attempt n+1: initial × multiplierⁿ⁻¹, at most max, ± jitter. */
export const retryPolicy = z.object({
  /** All attempts, the first included. */
  maxAttempts: z.int().positive(),
  initialMs: z.int().nonnegative(),
  maxMs: z.int().nonnegative(),
  multiplier: z.int().positive(),
  jitterPercent: z.int().min(0).max(100),
});
export type RetryPolicy = z.infer<typeof retryPolicy>;

/** What a JobQueue's `spec.retry` defaults to, and what a worker outside Kubernetes uses. */
export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 3,
  initialMs: 1_000,
  maxMs: 600_000,
  multiplier: 2,
  jitterPercent: 20,
};

/** A priority lane: a queue of its own, served by weight. Weights are relative: 3 gets three jobs for each one of 1. */
export const lane = z.object({ name: z.string().min(1), weight: z.int().positive() });
export type Lane = z.infer<typeof lane>;

/** Whose outcomes are published to the queue's outcome exchange: nobody's, failed jobs' and retries', or all. */
export const outcomesPolicy = z.enum(["None", "Failures", "All"]);
export type OutcomesPolicy = z.infer<typeof outcomesPolicy>;

/** A rate limit for all workers of a queue together. */
export const sharedRateLimit = z.object({
  jobs: z.int().positive(),
  perMs: z.int().positive(),
  /**
   * Into how many shares it is cut until the operator tells a worker its own: as many as there can be workers, so that
   * the sum never passes the limit, even while no operator runs.
   */
  shares: z.int().positive(),
});
export type SharedRateLimit = z.infer<typeof sharedRateLimit>;

/** The mounted configuration of the workers of one pool. */
export const workerConfiguration = z.object({
  version: readableVersion,
  namespace: z.string(),
  pool: z.string(),
  /** Resolved name of the JobQueue on the broker. */
  queue: z.string(),
  concurrency: z.int().positive(),
  retry: retryPolicy,
  /** How long a stopping worker may finish what runs. */
  drainTimeoutMs: z.int().positive(),
  /** How long a worker may keep a job before the broker takes it back, the time before it starts it included. */
  maxJobDurationMs: z.int().positive().optional(),
  /** Served beside the work queue, whose own weight is 1. */
  lanes: z.array(lane).default([]),
  /** Whether limits bound the queue: then there is the queue that returnsQueue names, to be served with a weight of 1. */
  bounded: z.boolean().default(false),
  /** How messages from other exchanges are named: in this order. Empty: by their routing key. */
  bindings: z.array(eventBinding).default([]),
  outcomes: outcomesPolicy.default("None"),
  rateLimit: sharedRateLimit.optional(),
  /** Whether it starts paused. What it is told later (`Pause`, `Resume`) goes over it. */
  paused: z.boolean().default(false),
  /** JSON Schema of the input, by job name. */
  schemas: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  /** Whether {@link keyringDirectory} is mounted and bodies are encrypted. */
  encrypted: z.boolean().default(false),
  /** Largest body, in bytes. */
  maxMessageBytes: z.int().positive().optional(),
});
export type WorkerConfiguration = z.infer<typeof workerConfiguration>;
