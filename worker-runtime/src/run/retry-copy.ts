import { delayEntryExchange, delayRoutingKey, header } from "../contract/index.ts";
import { type JobMessage, jobProperties, type OutgoingMessage } from "../message/message.ts";
import type { Outcome } from "./outcome.ts";

/** The copy of a job that waits in the delay fabric and then returns to `queue`. */
export function retryCopy(
  job: JobMessage,
  retry: Extract<Outcome, { type: "Retry" }>,
  queue: string,
  nowMs: number,
): OutgoingMessage {
  return {
    exchange: delayEntryExchange,
    routingKey: delayRoutingKey(retry.delayMs, queue),
    content: retry.input === undefined ? job.content : Buffer.from(JSON.stringify(retry.input)),
    properties: jobProperties({ ...job, attempt: retry.attempt }, job.kept, { [header.dueAt]: nowMs + retry.delayMs }),
  };
}
