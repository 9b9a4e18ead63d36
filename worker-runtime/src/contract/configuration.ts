import { z } from "zod";
import { readableVersion } from "./version.ts";

/** Where the operator mounts a worker's configuration: this file, JSON, shaped as {@link workerConfiguration}. */
export const configurationPath = "/etc/jobwright/config/worker.json";

/** Where the operator mounts a worker's credentials, in Service Binding layout (see binding.ts). */
export const credentialsDirectory = "/etc/jobwright/credentials";

/** Environment variables that the operator sets on the worker's container. */
export const environment = {
  /** The pod's own name, from the downward API. */
  podName: "JOBWRIGHT_POD_NAME",
} as const;

/** The port on which a worker serves /metrics, /healthz and /readyz. */
export const telemetryPort = 9464;

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
});
export type WorkerConfiguration = z.infer<typeof workerConfiguration>;
