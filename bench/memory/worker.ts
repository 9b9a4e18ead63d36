// The worker whose memory is watched. It says how many jobs have ended whenever it is asked, and what it uses then.
import { setTimeout as sleep } from "node:timers/promises";
import { defineJob, defineWorker, GiveUp } from "@jobwright/worker-runtime";
import { resolveSettings } from "../../worker-runtime/src/configuration.ts";
import { createLog } from "../../worker-runtime/src/telemetry/log.ts";
import { startWorker } from "../../worker-runtime/src/worker.ts";
import { benchInput, benchJob } from "../subjects/subject.ts";

/** What the bench is told. */
export interface Reading {
  /** Jobs that are done or given up; a failed attempt is none. */
  readonly ended: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

const [url = "", queue = ""] = process.argv.slice(2);
let ended = 0;

const job = defineJob({
  name: benchJob,
  input: benchInput,
  async run({ sequence }, { attempt }) {
    if (sequence % 100 === 0 && attempt === 1) throw new Error("the first attempt of every hundredth job fails");
    ended += 1;
    if (sequence % 1_000 === 1) throw new GiveUp("every thousandth job is given up");
  },
});

await startWorker({
  definition: defineWorker({ jobs: [job] }),
  settings: await resolveSettings({ broker: url, queue, concurrency: 100 }, process.env),
  log: createLog("info"),
  telemetryPort: 0,
});

process.on("message", async (collect: boolean) => {
  if (collect) {
    // Twice: what a finalizer lets go of is collected by the second.
    for (let time = 0; time < 2; time += 1) {
      globalThis.gc?.();
      await sleep(100);
    }
  }
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
  const reading: Reading = { ended, rssBytes, heapBytes };
  process.send?.(reading);
});
process.on("disconnect", () => process.exit());
