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
const pool = { metadata, spec: { concurrency: 4, drainTimeout: "90s" } } as WorkerPool;
const jobQueue = {
  metadata,
  spec: {
    retry: { maxAttempts: 5, backoff: { initial: "250ms", max: "1h30m", multiplier: 3, jitterPercent: 10 } },
  },
} as JobQueue;

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
    lanes: [],
    outcomes: "None",
    schemas: {},
    encrypted: false,
  });
});

test("the hash changes with what workers are told, and only with that", () => {
  const hash = (concurrency: number, maxReplicas: number) =>
    configurationHash(
      poolConfiguration({ ...pool, spec: { ...pool.spec, concurrency, maxReplicas } }, jobQueue, "post.mail"),
    );
  expect(hash(4, 10)).toBe(hash(4, 20));
  expect(hash(4, 10)).not.toBe(hash(5, 10));
});
