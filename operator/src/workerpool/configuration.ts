import { createHash } from "node:crypto";
import { parseDuration, protocolVersion, type WorkerConfiguration } from "@jobwright/worker-runtime/contract";
import type { JobQueue, WorkerPool } from "../api/objects.ts";
import { isBounded } from "../broker/index.ts";
import { type BrokerPlace, describePlace } from "../jobqueue/broker-place.ts";
import { bindingsThatName } from "../jobqueue/event-bindings.ts";
import { limitsOf } from "../jobqueue/limits.ts";
import { schemasOf } from "../jobqueue/schemas.ts";

/**
 * What the pool's workers are told, as they find it mounted. `queue` is the queue's resolved name on the broker.
 *
 * @throws Problem if a job's schema is wrong: workers could not start with it.
 */
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
    maxJobDurationMs: parseDuration(jobQueue.spec.maxJobDuration),
    lanes: lanesOnBroker(jobQueue),
    bounded: hasReturns(jobQueue),
    ...maxMessageBytesOf(jobQueue),
    bindings: bindingsThatName(jobQueue),
    outcomes: jobQueue.spec.outcomes,
    ...rateLimitOf(pool, jobQueue),
    paused: jobQueue.spec.paused,
    schemas: schemasOf(jobQueue),
    encrypted: jobQueue.spec.encryption !== undefined,
  };
}

/** A lane is served as soon as it has its queue. */
function lanesOnBroker({ spec, status }: JobQueue): WorkerConfiguration["lanes"] {
  const there = new Set(status?.lanes?.map(({ name }) => name));
  return (spec.lanes ?? []).filter(({ name }) => there.has(name)).map(({ name, weight }) => ({ name, weight }));
}

/** What comes back is served as soon as it has its queue, and no more once the limits went: then the operator empties it. */
function hasReturns(jobQueue: JobQueue): boolean {
  return jobQueue.status?.returns !== undefined && isBounded(limitsOf(jobQueue));
}

function maxMessageBytesOf({ spec: { limits } }: JobQueue): Pick<WorkerConfiguration, "maxMessageBytes"> {
  return limits?.maxMessageBytes === undefined ? {} : { maxMessageBytes: limits.maxMessageBytes };
}

/** As many shares as there can be workers: a rollout adds a quarter (deployment.ts), rounded up. */
function rateLimitOf({ spec }: WorkerPool, { spec: { rateLimit } }: JobQueue): Pick<WorkerConfiguration, "rateLimit"> {
  if (rateLimit === undefined) return {};
  const most = Math.max(1, spec.maxReplicas, spec.minReplicas, spec.replicas ?? 0);
  const shares = most + Math.ceil(most / 4);
  return { rateLimit: { jobs: rateLimit.jobs, perMs: parseDuration(rateLimit.per), shares } };
}

/**
 * Short digest that changes with what workers must be restarted for: their configuration and the place of their queue, not
 * the rate limit or a pause, which they are told, nor bindings that are gone, which name less and less.
 */
export function configurationHash(
  { rateLimit, paused, bindings, ...configuration }: WorkerConfiguration,
  place: BrokerPlace,
): string {
  const restartedFor = [configuration, bindings.filter(({ former }) => !former), describePlace(place)];
  return createHash("sha256").update(JSON.stringify(restartedFor)).digest("hex").slice(0, 16);
}
