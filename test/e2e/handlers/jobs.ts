import { setTimeout as sleep } from "node:timers/promises";
import { defineJob, defineWorker, GiveUp } from "@jobwright/worker-runtime";
import { z } from "zod";
import { recorded } from "./recorded.ts";

/** Takes so long, and succeeds. */
export const nap = defineJob({
  name: "nap",
  input: z.object({ ms: z.int().min(0) }),
  run: ({ ms }, job) => recorded(job, () => sleep(ms, undefined, { signal: job.signal })),
});

/** Fails so many times, then succeeds. */
export const flaky = defineJob({
  name: "flaky",
  input: z.object({ failures: z.int().min(0), ms: z.int().min(0).default(0) }),
  run: ({ failures, ms }, job) =>
    recorded(job, async () => {
      await sleep(ms, undefined, { signal: job.signal });
      if (job.attempt <= failures) throw new Error(`attempt ${job.attempt} fails as it should`);
    }),
});

/** Gives up at once. */
export const hopeless = defineJob({
  name: "hopeless",
  input: z.object({ reason: z.string() }),
  run: ({ reason }, job) =>
    recorded(job, () => {
      throw new GiveUp(reason);
    }),
});

/** Takes its worker's process with it. The first process of a container ignores its own SIGKILL, so it exits. */
export const crash = defineJob({
  name: "crash",
  input: z.object({}),
  run: (_input, job) => recorded(job, () => process.exit(1)),
});

export default defineWorker({ jobs: [nap, flaky, hopeless, crash] });
