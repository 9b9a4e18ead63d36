import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { JobContext } from "@jobwright/worker-runtime";

/** What a handler tells the recorder. */
export interface Report {
  /** One execution of a handler. */
  run: string;
  job: string;
  attempt: number;
  pod: string;
  what: "started" | "finished" | "failed";
}

const recorder = process.env.RECORDER_URL;

/** Runs a handler's work and reports its start and its end to the test, which does not take the runtime's word for it. */
export async function recorded(job: JobContext, work: () => unknown): Promise<void> {
  const report = { run: randomUUID(), job: job.id, attempt: job.attempt, pod: hostname() };
  await tell({ ...report, what: "started" });
  try {
    await work();
  } catch (error) {
    await tell({ ...report, what: "failed" });
    throw error;
  }
  await tell({ ...report, what: "finished" });
}

async function tell(report: Report): Promise<void> {
  if (recorder === undefined) return;
  const response = await fetch(recorder, {
    method: "POST",
    body: JSON.stringify(report),
    signal: AbortSignal.timeout(30_000),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the recorder answered ${response.status}`);
}
