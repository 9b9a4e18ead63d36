import { hostname } from "node:os";
import type { JobContext } from "@jobwright/worker-runtime";
import type { JobEvent } from "./job-event.ts";

/** A picture that a handler made. */
export interface Picture {
  /** Its file name. */
  name: string;
  bytes: Uint8Array;
}

const recorder = process.env.RECORDER_URL;

/**
 * Runs a handler's work and tells the recorder when it starts and how it ends, so that the demo can count what really
 * ran. Without RECORDER_URL nobody is told and the picture is dropped.
 *
 * @throws whatever the work throws, and when the recorder does not answer: then the attempt counts as failed.
 */
export async function recorded(job: JobContext, work: () => Promise<Picture>): Promise<void> {
  const event = { job: job.id, attempt: job.attempt, enqueuedAt: job.enqueuedAt.getTime(), worker: hostname() };
  await tell({ ...event, kind: "started" });
  let picture: Picture;
  try {
    picture = await work();
  } catch (error) {
    await tell({ ...event, kind: "failed", error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
  await send("PUT", `/results/${picture.name}`, picture.bytes);
  await tell({ ...event, kind: "finished" });
}

function tell(event: Omit<JobEvent, "at">): Promise<void> {
  return send("POST", "/events", JSON.stringify(event));
}

async function send(method: string, path: string, body: string | Uint8Array): Promise<void> {
  if (recorder === undefined) return;
  const response = await fetch(new URL(path, recorder), {
    method,
    body: typeof body === "string" ? body : new Uint8Array(body),
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the recorder answered ${response.status} to ${method} ${path}`);
}
