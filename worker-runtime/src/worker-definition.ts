import { durationMs } from "./configured-duration.ts";
import type { CircuitBreakerOptions } from "./consume/circuit-breaker.ts";
import { DefinitionError } from "./errors.ts";
import type { Job } from "./job.ts";
import { shown } from "./shown.ts";

// A symbol of the global registry: the command and the user's module may load two copies of this package.
const brand = Symbol.for("jobwright.worker-definition");

/** The jobs that one worker can do. Made by {@link defineWorker}; the module given to `jobwright-worker` exports it as default. */
export interface WorkerDefinition {
  readonly jobs: readonly Job[];
  /** Undefined: it has none. */
  readonly circuitBreaker: CircuitBreakerOptions | undefined;
}

/** When to stop starting jobs because what they all depend on seems to be down. */
export interface CircuitBreakerSettings {
  /** So many attempts in a row, over all slots, must fail. Default 20. */
  failures?: number;
  /** How long no job is started then, before one is tried; doubled each time that it fails. Default `1s`. */
  backoff?: string;
  /** The longest pause. Default `30s`. */
  maxBackoff?: string;
}

export interface WorkerDefinitionOptions {
  jobs: readonly Job[];
  /** Default: on, after 20 failures in a row. `false` turns it off. */
  circuitBreaker?: CircuitBreakerSettings | false;
}

/**
 * Defines a worker.
 *
 * @example export default defineWorker({ jobs: [resize, watermark] });
 * @throws DefinitionError when there is no job, two have one name, or the circuit breaker's settings make no sense.
 */
export function defineWorker({ jobs, circuitBreaker }: WorkerDefinitionOptions): WorkerDefinition {
  if (!Array.isArray(jobs) || jobs.length === 0) {
    throw new DefinitionError("defineWorker: jobs is empty: expected at least one job made by defineJob");
  }
  const seen = new Set<string>();
  for (const [index, job] of jobs.entries()) {
    if (typeof job?.name !== "string" || typeof job.run !== "function" || !("timeoutMs" in job)) {
      throw new DefinitionError(`defineWorker: jobs[${index}] is not a job: expected the result of defineJob`);
    }
    if (seen.has(job.name)) {
      throw new DefinitionError(`defineWorker: two jobs are named "${job.name}": give each job its own name`);
    }
    seen.add(job.name);
  }
  const definition: WorkerDefinition = { jobs: [...jobs], circuitBreaker: parseBreaker(circuitBreaker) };
  return Object.assign(definition, { [brand]: true });
}

function parseBreaker(settings: CircuitBreakerSettings | false = {}): CircuitBreakerOptions | undefined {
  if (settings === false) return undefined;
  if (typeof settings !== "object" || settings === null) {
    throw new DefinitionError(
      `defineWorker: circuitBreaker is ${shown(settings)}: expected false or something like { failures: 20, backoff: "1s" }`,
    );
  }
  const { failures = 20, backoff = "1s", maxBackoff = "30s" } = settings;
  if (!Number.isInteger(failures) || failures < 1) {
    throw new DefinitionError(
      `defineWorker: circuitBreaker.failures is ${shown(failures)}: expected a whole number, at least 1`,
    );
  }
  const firstMs = durationMs("defineWorker: circuitBreaker.backoff", backoff);
  const maxMs = durationMs("defineWorker: circuitBreaker.maxBackoff", maxBackoff);
  if (maxMs < firstMs) {
    throw new DefinitionError(
      `defineWorker: circuitBreaker.maxBackoff is ${maxBackoff}, less than backoff (${backoff}): expected at least as much`,
    );
  }
  return { failures, firstMs, maxMs };
}

/** Whether `value` came from {@link defineWorker}, of this copy of the package or another. */
export function isWorkerDefinition(value: unknown): value is WorkerDefinition {
  return typeof value === "object" && value !== null && brand in value;
}
