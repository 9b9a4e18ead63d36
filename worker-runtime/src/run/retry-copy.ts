import { delayEntryExchange, delayRoutingKey, header } from "../contract/index.ts";
import type { SealedInput } from "../message/input-codec.ts";
import { type JobMessage, jobProperties, keptProperties, type OutgoingMessage } from "../message/message.ts";

/** When a job is tried again, and as which attempt. */
export interface Retry {
  readonly delayMs: number;
  readonly attempt: number;
}

/**
 * The copy of a job that waits in the delay fabric and then returns to the queue `target`, the work queue or its lane's.
 *
 * @param body another input; undefined keeps the present body.
 */
export function retryCopy(
  job: JobMessage,
  { delayMs, attempt }: Retry,
  body: SealedInput | undefined,
  target: string,
  nowMs: number,
): OutgoingMessage {
  const kept = keptProperties(job.received);
  // Whole: a delay by a rate limit is a fraction, and readers take integers only.
  const headers: Record<string, string | number> = { [header.dueAt]: Math.ceil(nowMs + delayMs) };
  if (body !== undefined) {
    delete kept.headers?.[header.encryption];
    if (body.encryption !== undefined) headers[header.encryption] = body.encryption;
  }
  return {
    exchange: delayEntryExchange,
    routingKey: delayRoutingKey(delayMs, target),
    content: body?.content ?? job.content,
    properties: jobProperties({ ...job, attempt }, kept, headers),
  };
}
