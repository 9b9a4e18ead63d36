import { protocolVersion, workerConfiguration } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import type { JobQueue, WorkerPool } from "../api/objects.ts";
import { configurationHash, poolConfiguration } from "./configuration.ts";

const metadata = {
  name: "mail",
  namespace: "post",
  uid: "u",
  generation: 1,
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const pool = {
  metadata,
  spec: { concurrency: 4, drainTimeout: "90s", minReplicas: 0, maxReplicas: 10 },
} as WorkerPool;
const jobQueue = {
  metadata,
  spec: {
    retry: { maxAttempts: 5, backoff: { initial: "250ms", max: "1h30m", multiplier: 3, jitterPercent: 10 } },
    maxJobDuration: "2h",
    outcomes: "None",
    paused: false,
  },
} as JobQueue;
const place = { host: "rabbit", port: 5672, vhost: "/" };
const withSpec = (spec: Partial<JobQueue["spec"]>, status?: JobQueue["status"]): JobQueue => ({
  ...jobQueue,
  spec: { ...jobQueue.spec, ...spec },
  ...(status && { status }),
});

test("workers are told what pool and queue say, in the contract's terms", () => {
  const configuration = poolConfiguration(pool, jobQueue, "post.mail");
  expect(workerConfiguration.parse(configuration)).toEqual({
    version: protocolVersion,
    namespace: "post",
    pool: "mail",
    queue: "post.mail",
    concurrency: 4,
    retry: { maxAttempts: 5, initialMs: 250, maxMs: 5_400_000, multiplier: 3, jitterPercent: 10 },
    drainTimeoutMs: 90_000,
    maxJobDurationMs: 7_200_000,
    lanes: [],
    bounded: false,
    bindings: [],
    outcomes: "None",
    paused: false,
    schemas: {},
    encrypted: false,
  });
});

test("a worker that starts while its queue is paused is told so", () => {
  expect(poolConfiguration(pool, withSpec({ paused: true }), "post.mail").paused).toBe(true);
});

test("workers are told of outcomes, schemas and encryption", () => {
  const schema = { type: "object", required: ["to"] };
  const full = withSpec({
    outcomes: "Failures",
    jobs: [{ name: "send", schema }, { name: "any" }],
    encryption: { keySecretRef: { name: "keys" } },
  });
  expect(poolConfiguration(pool, full, "post.mail")).toMatchObject({
    ...{ outcomes: "Failures", schemas: { send: schema }, encrypted: true },
  });
});

test("a lane is served once it has its queue", () => {
  const lanes = [
    { name: "fast", weight: 5 },
    { name: "slow", weight: 1 },
  ];
  const there = { lanes: [{ name: "fast", queue: "post.mail.fast" }] };
  expect(poolConfiguration(pool, withSpec({ lanes }), "post.mail").lanes).toEqual([]);
  expect(poolConfiguration(pool, withSpec({ lanes }, there), "post.mail").lanes).toEqual([{ name: "fast", weight: 5 }]);
  expect(poolConfiguration(pool, withSpec({}, there), "post.mail").lanes).toEqual([]);
});

test("a rate limit is cut into as many shares as there can be workers, those of a rollout included", () => {
  const limited = withSpec({ rateLimit: { jobs: 100, per: "1m" } });
  const shares = (spec: Partial<WorkerPool["spec"]>) =>
    poolConfiguration({ ...pool, spec: { ...pool.spec, ...spec } }, limited, "post.mail").rateLimit;
  expect(shares({})).toEqual({ jobs: 100, perMs: 60_000, shares: 13 });
  expect(shares({ replicas: 40 })?.shares).toBe(50);
});

test("a rate limit and a pause are no reason to restart workers, which are told of them", () => {
  const hash = (spec: Partial<JobQueue["spec"]>) =>
    configurationHash(poolConfiguration(pool, withSpec(spec), "post.mail"), place);
  expect(hash({ rateLimit: { jobs: 1, per: "1s" } })).toBe(hash({}));
  expect(hash({ paused: true })).toBe(hash({}));
  expect(hash({ outcomes: "All" })).not.toBe(hash({}));
});

test("the hash changes with the place of the queue, and not with who one is there", () => {
  const configuration = poolConfiguration(pool, jobQueue, "post.mail");
  const hash = (to: object) => configurationHash(configuration, { ...place, ...to });
  expect(hash({ password: "another" })).toBe(hash({}));
  for (const to of [{ host: "other" }, { port: 5671 }, { vhost: "mail" }]) expect(hash(to)).not.toBe(hash({}));
});

test("a schema that is none keeps workers from being told anything", () => {
  const broken = withSpec({ jobs: [{ name: "send", schema: { type: "text" } }] });
  expect(() => poolConfiguration(pool, broken, "post.mail")).toThrow('spec.jobs[0].schema (job "send")');
});

test("the hash changes with what workers are told, and only with that", () => {
  const hash = (concurrency: number, maxReplicas: number) =>
    configurationHash(
      poolConfiguration({ ...pool, spec: { ...pool.spec, concurrency, maxReplicas } }, jobQueue, "post.mail"),
      place,
    );
  expect(hash(4, 10)).toBe(hash(4, 20));
  expect(hash(4, 10)).not.toBe(hash(5, 10));
});

test("a binding restarts workers if it names jobs, and not for having gone", () => {
  const hash = (bindings: JobQueue["spec"]["bindings"], status?: JobQueue["status"]) =>
    configurationHash(poolConfiguration(pool, withSpec({ bindings }, status), "post.mail"), place);
  const named = [{ exchange: "shop", routingKey: "order.*", job: "send" }];
  expect(hash([{ exchange: "shop", routingKey: "order.*" }])).toBe(hash([]));
  expect(hash(named)).not.toBe(hash([]));
  expect(hash([], { bindings: named })).toBe(hash([]));
});
