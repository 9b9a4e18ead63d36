// What the workers of the crash test run, under the real `jobwright-worker` command.
import { setTimeout as sleep } from "node:timers/promises";
import { createOnce, defineJob, defineWorker, GiveUp, postgresStore, RetryLater } from "@jobwright/worker-runtime";
import { defaultRetryPolicy } from "@jobwright/worker-runtime/contract";
import pg from "pg";
import { retryDelayMs } from "../../worker-runtime/src/run/retry.ts";
import { openJournal, type RunEnding } from "./journal.ts";
import { plan } from "./plan.ts";
import { fromEnvironment } from "./settings.ts";
import { watchSettling } from "./settling.ts";

const { folder, postgresUrl } = fromEnvironment(process.env);
const journal = openJournal(folder, `worker-${process.pid}`);
const pool = new pg.Pool({ connectionString: postgresUrl, max: 10 });
pool.on("error", () => {});
const once = createOnce({ store: postgresStore(pool) });
const watch = watchSettling((run) => journal("settled", Date.now(), run));
let runs = 0;

/** What becomes of a run that threw, and how long the job then waits, at most. */
function endingOf(error: unknown, attempt: number, signal: AbortSignal): [RunEnding, number] {
  if (signal.aborted) return ["aborted", 0];
  if (error instanceof RetryLater) return ["later", error.afterMs];
  if (error instanceof GiveUp) return ["gave-up", 0];
  const last = attempt >= defaultRetryPolicy.maxAttempts;
  return ["failed", last ? 0 : retryDelayMs(defaultRetryPolicy, attempt, 1)];
}

export const work = defineJob({
  name: "work",
  input: plan,
  async run({ workMs, failures, failsAfterEffect, givesUp }, { id, attempt, signal }) {
    runs += 1;
    const run = runs;
    journal("start", Date.now(), run, id, attempt);
    watch(run);
    try {
      if (givesUp) throw new GiveUp("as planned");
      const fails = attempt <= failures;
      await sleep(workMs, undefined, { signal });
      if (fails && !failsAfterEffect) throw new Error("as planned, before the effect");
      await once.transaction(id, async (tx) => {
        await tx.query("insert into effects (job) values ($1)", [id]);
      });
      if (fails) throw new Error("as planned, after the effect");
      journal("end", Date.now(), run, "done", 0);
    } catch (error) {
      journal("end", Date.now(), run, ...endingOf(error, attempt, signal));
      throw error;
    }
  },
});

export default defineWorker({ jobs: [work] });
