import { setImmediate as turn } from "node:timers/promises";
import { createProducer, defineJob, defineWorker } from "@jobwright/worker-runtime";
import { resolveSettings } from "../../worker-runtime/src/configuration.ts";
import { createLog } from "../../worker-runtime/src/telemetry/log.ts";
import { startWorker } from "../../worker-runtime/src/worker.ts";
import { benchInput, benchJob, type Handle, type Subject } from "./subject.ts";

const job = (handle: Handle) => defineJob({ name: benchJob, input: benchInput, run: handle });

/** This runtime, with all that a pod's worker does: validation, metrics, logs at info, telemetry server. */
export const jobwright: Subject = {
  async openConsumer({ url, queue }, concurrency, handle) {
    const worker = await startWorker({
      definition: defineWorker({ jobs: [job(handle)] }),
      settings: await resolveSettings({ broker: url, queue, concurrency }, process.env),
      log: createLog("info"),
      telemetryPort: 0,
    });
    const pause = async () => {
      worker.cordon();
      while (worker.state !== "Drained") await turn();
    };
    await pause();
    return { resume: async () => worker.uncordon(), pause, close: () => worker.stop() };
  },

  async openProducer({ url, queue }) {
    const producer = createProducer({ url, queue });
    const bench = job(async () => {});
    return { enqueue: (input) => producer.enqueue(bench, input), close: () => producer.close() };
  },
};
