import { defineWorker } from "@jobwright/worker-runtime";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { addressOfUri } from "../../../worker-runtime/src/broker/address.ts";
import type { WorkerSettings } from "../../../worker-runtime/src/configuration.ts";
import type { Job } from "../../../worker-runtime/src/job.ts";
import { type RunningWorker, startWorker, type WorkerOptions } from "../../../worker-runtime/src/worker.ts";
import type { WorkerDefinitionOptions } from "../../../worker-runtime/src/worker-definition.ts";
import type { Vhost } from "../../broker/index.ts";
import type { TestQueue } from "./job-queue.ts";

/** Fails fast, so that a test need not wait for a policy made for production. */
export const quickRetry = { maxAttempts: 2, initialMs: 1, maxMs: 1, multiplier: 1, jitterPercent: 0 };

/** Starts a worker in this process; it is stopped when the test is over. LOG_LEVEL=debug shows what it says. */
export async function runWorker(
  queue: Pick<TestQueue, "name"> & { readonly vhost: Pick<Vhost, "amqpUrl"> },
  jobs: readonly Job[],
  settings: Partial<WorkerSettings> = {},
  {
    circuitBreaker,
    ...options
  }: Partial<Pick<WorkerOptions, "log" | "module">> & Pick<WorkerDefinitionOptions, "circuitBreaker"> = {},
): Promise<RunningWorker> {
  const address = addressOfUri(queue.vhost.amqpUrl);
  const worker = await startWorker({
    definition: defineWorker({ jobs, ...(circuitBreaker === undefined ? {} : { circuitBreaker }) }),
    settings: {
      queue: queue.name,
      concurrency: 1,
      retry: quickRetry,
      drainTimeoutMs: 10_000,
      lanes: [],
      bounded: false,
      outcomes: "None",
      rateLimit: undefined,
      schemas: {},
      keyring: undefined,
      maxMessageBytes: undefined,
      worker: "test-worker",
      identity: undefined,
      address: async () => address,
      ...settings,
    },
    log: pino({ level: process.env.LOG_LEVEL ?? "silent" }),
    telemetryPort: 0,
    ...options,
  });
  onTestFinished(() => worker.stop());
  return worker;
}
