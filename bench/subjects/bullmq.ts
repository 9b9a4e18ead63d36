import { Queue, Worker } from "bullmq";
import { type BenchInput, benchJob, type Subject } from "./subject.ts";

/** BullMQ. A job counts as done once Redis has answered that it is moved to completed; completed jobs are removed. */
export const bullmq: Subject = {
  async openConsumer({ url, queue }, concurrency, handle) {
    const connection = redisAddress(url);
    let worker: Worker | undefined;
    return {
      async resume() {
        worker = new Worker<BenchInput>(queue, async ({ data }) => await handle(data), { connection, concurrency });
        worker.on("error", fail);
        worker.on("failed", (_job, error) => fail(error));
      },
      async pause() {
        await worker?.close();
      },
      async close() {},
    };
  },

  async openProducer({ url, queue: name }) {
    const queue = new Queue<BenchInput>(name, {
      connection: redisAddress(url),
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    await queue.waitUntilReady();
    return {
      enqueue: (input) => queue.add(benchJob, input),
      close: () => queue.close(),
    };
  },
};

function redisAddress(url: string): { host: string; port: number; maxRetriesPerRequest: null } {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port), maxRetriesPerRequest: null };
}

function fail(error: unknown): void {
  // Thrown in a listener it ends the subject's process, and so the bench.
  throw error;
}
