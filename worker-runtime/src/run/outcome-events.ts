import {
  type DeadLetterReason,
  header,
  type OutcomeEvent,
  type OutcomesPolicy,
  outcomeRoutingKey,
  queueNames,
  repliesExchange,
} from "../contract/index.ts";
import { encrypt } from "../message/encryption.ts";
import type { Keyring } from "../message/keyring.ts";
import type { JobMessage, OutgoingMessage } from "../message/message.ts";
import { uuidv7 } from "../message/uuid.ts";
import { cutToBytes } from "./dead-letter.ts";

/** Where an event goes. */
export interface EventDestination {
  readonly exchange: string;
  readonly routingKey: string;
}

/** What an event tells beside the job itself. */
export type Told = Pick<OutcomeEvent, "outcome" | "output" | "error" | "progress">;

/**
 * Who is told of an outcome: the queue's outcome exchange as its policy has it, and whoever the job's producer named.
 * Nobody, mostly: an empty list.
 */
export function eventDestinations(
  outcome: OutcomeEvent["outcome"],
  message: Pick<JobMessage, "name" | "replyTo">,
  queue: string,
  policy: OutcomesPolicy,
): readonly EventDestination[] {
  const { name, replyTo } = message;
  const published = policy === "All" || (policy === "Failures" && (outcome === "failed" || outcome === "retried"));
  if (!published && replyTo === undefined) return nobody;
  const destinations: EventDestination[] = [];
  if (published) {
    // The name of a job that no worker has may be as long as a routing key, and needs cutting.
    const routingKey = cutToBytes(outcomeRoutingKey(outcome, name), maxRoutingKeyBytes);
    destinations.push({ exchange: queueNames(queue).outcomeExchange, routingKey });
  }
  if (replyTo !== undefined) destinations.push({ exchange: repliesExchange, routingKey: replyTo });
  return destinations;
}

const nobody: readonly EventDestination[] = [];
const maxRoutingKeyBytes = 255;

/** The event's content; what is undefined is left out. */
export function outcomeEvent(message: JobMessage, queue: string, told: Told, nowMs: number): OutcomeEvent {
  const { id, name: job, attempt, key } = message;
  return { id, job, queue, attempt, at: nowMs, ...(key === undefined ? {} : { key }), ...told };
}

/** An error as an event tells it. */
export function eventError(error: Error, reason?: DeadLetterReason): NonNullable<OutcomeEvent["error"]> {
  const name = cutToBytes(error.name, maxErrorTextBytes);
  const message = cutToBytes(error.message, maxErrorTextBytes);
  return reason === undefined ? { name, message } : { name, message, reason };
}

const maxErrorTextBytes = 2048;

/** What an event tells beside its output: names, key and error, as JSON, encrypted. */
const besideOutputBytes = 8 * 1024;

/**
 * The largest output that an event can tell, in bytes of JSON. A larger event would be refused by the broker each time,
 * and its job run again each time.
 */
export function maxOutputBytes(maxMessageBytes: number): number {
  return Math.max(Math.floor(maxMessageBytes / 2), maxMessageBytes - besideOutputBytes);
}

/**
 * The event's message, one for each destination. Not mandatory: that nobody listens is no error. On a queue that
 * encrypts, so is the event, under its own message id.
 */
export async function eventMessages(
  event: OutcomeEvent,
  destinations: readonly EventDestination[],
  keyring: Keyring | undefined,
): Promise<OutgoingMessage[]> {
  if (destinations.length === 0) return [];
  const messageId = uuidv7(event.at);
  const plain = Buffer.from(JSON.stringify(event));
  const key = await keyring?.current();
  const properties = {
    messageId,
    correlationId: event.id,
    type: event.outcome,
    contentType: "application/json",
    timestamp: Math.floor(event.at / 1000),
    mandatory: false,
    ...(key === undefined ? {} : { headers: { [header.encryption]: key.id } }),
  };
  const content = key === undefined ? plain : encrypt(plain, key, { messageId, queue: event.queue });
  return destinations.map((destination) => ({ ...destination, content, properties }));
}
