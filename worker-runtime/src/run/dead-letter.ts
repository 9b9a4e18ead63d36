import { type DeadLetterReason, deadLetterHeader, queueNames } from "../contract/index.ts";
import { type JobMessage, jobProperties, keptProperties, type OutgoingMessage } from "../message/message.ts";

/** Longest stack and message that a dead letter carries; frames of headers are limited to 128 KiB in all. */
const maxStackBytes = 4096;
const maxMessageBytes = 2048;

/** The copy of a job that goes to the dead-letter queue: the job as it was, and in its headers why it is there. */
export function deadLetter(
  job: JobMessage,
  cause: { reason: DeadLetterReason; error: Error },
  origin: { queue: string; worker: string; nowMs: number },
): OutgoingMessage {
  const { error, reason } = cause;
  return {
    exchange: queueNames(origin.queue).deadLetterExchange,
    // A fanout: the key routes nothing, and tells a reader which job it was.
    routingKey: Buffer.byteLength(job.name) > 255 ? "" : job.name,
    content: job.content,
    properties: jobProperties(job, keptProperties(job.received), {
      [deadLetterHeader.reason]: reason,
      [deadLetterHeader.errorName]: cutToBytes(error.name, maxMessageBytes),
      [deadLetterHeader.errorMessage]: cutToBytes(error.message, maxMessageBytes),
      [deadLetterHeader.errorStack]: cutToBytes(error.stack ?? "", maxStackBytes),
      [deadLetterHeader.worker]: origin.worker,
      [deadLetterHeader.deadAt]: origin.nowMs,
      [deadLetterHeader.origin]: origin.queue,
    }),
  };
}

/** At most `maxBytes` of `text` in UTF-8, never ending inside a character. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // Bytes 10xxxxxx continue a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
