import type { Message, Options } from "amqplib";
import { deadLetterHeader, type EventNaming, header } from "../contract/index.ts";
import { fittingHeaders, keptHeaderBytes } from "./header-room.ts";
import { uuidv7 } from "./uuid.ts";

/** A message as it was delivered, as far as jobs are concerned; amqplib's messages fit. */
export interface ReceivedMessage {
  readonly content: Buffer;
  readonly fields: Pick<Message["fields"], "routingKey"> & Partial<Pick<Message["fields"], "exchange">>;
  readonly properties: Partial<Message["properties"]>;
}

/** A job as it lies on the broker, read from a delivery. Only a body is required: any AMQP client may have published it. */
export interface JobMessage {
  /** The message's id; made up for this delivery where the publisher gave none. */
  readonly id: string;
  /** The job's name: the message's `type`, else what a binding names it, else its routing key without the lane. */
  readonly name: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly enqueuedAtMs: number;
  /** When it should have started: {@link enqueuedAtMs}, or when its delay was over. */
  readonly dueAtMs: number;
  /** The producer's own name for the work. */
  readonly key: string | undefined;
  /** When it is no longer worth starting. */
  readonly expiresAtMs: number | undefined;
  /** Routing key, on the replies exchange, of whoever wants to hear what became of it. */
  readonly replyTo: string | undefined;
  /** Id of the key that the body is encrypted with; undefined for a plain one. */
  readonly encryption: string | undefined;
  /** The body as it lies on the broker, encrypted if it is. */
  readonly content: Buffer;
  /** What it was read from. */
  readonly received: ReceivedMessage;
}

/** A message to be published: persistent and mandatory unless its properties say otherwise. */
export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/**
 * Reads a delivery. Never throws: a header of the wrong kind counts as absent, since messages come from anywhere.
 *
 * @param nowMs stands in for the enqueue time where the message tells none.
 * @param eventJob names messages without a `type` that came from other exchanges.
 */
export function readJobMessage(message: ReceivedMessage, nowMs: number, eventJob?: EventNaming): JobMessage {
  const { properties, fields, content } = message;
  const headers: Record<string, unknown> = properties.headers ?? {};
  const timestampSeconds = wholeNumber(properties.timestamp);
  const enqueuedAtMs =
    wholeNumber(headers[header.enqueuedAt]) ?? (timestampSeconds === undefined ? nowMs : timestampSeconds * 1000);
  return {
    id: nonEmpty(properties.messageId) ?? uuidv7(nowMs),
    name:
      nonEmpty(properties.type) ??
      eventJob?.({ exchange: fields.exchange ?? "", routingKey: fields.routingKey, headers }) ??
      nameOfRoutingKey(fields.routingKey),
    attempt: Math.max(1, wholeNumber(headers[header.attempt]) ?? 1),
    enqueuedAtMs,
    dueAtMs: wholeNumber(headers[header.dueAt]) ?? enqueuedAtMs,
    key: nonEmpty(headers[header.key]),
    expiresAtMs: wholeNumber(headers[header.expiresAt]),
    replyTo: nonEmpty(properties.replyTo),
    encryption: nonEmpty(headers[header.encryption]),
    content,
    received: message,
  };
}

/** Properties of a job's message, whoever publishes it: producer, retry or dead letter. */
export function jobProperties(
  job: { id: string; name: string; attempt: number; enqueuedAtMs: number },
  kept: Options.Publish = {},
  headers: Readonly<Record<string, string | number>> = {},
): Options.Publish {
  return {
    ...kept,
    messageId: job.id,
    type: job.name,
    contentType: "application/json",
    timestamp: Math.floor(job.enqueuedAtMs / 1000),
    headers: {
      ...kept.headers,
      [header.attempt]: job.attempt,
      [header.enqueuedAt]: job.enqueuedAtMs,
      ...headers,
    },
  };
}

// "CC" and "BCC" would route the copy to the first message's other queues once more. A dead letter that was sent again
// is no dead letter now.
const setAnew: ReadonlySet<string> = new Set([
  header.attempt,
  header.enqueuedAt,
  header.dueAt,
  ...Object.values(deadLetterHeader),
  "CC",
  "BCC",
]);

/**
 * The publisher's own headers and properties, to be kept when the job is published again. What the broker or this
 * protocol sets anew is not among them: x-death in particular makes brokers up to 3.13 drop a message that they take for
 * a cycle. Of headers that could not be published again, the largest are left out. An expiration would kill a retry that waits in the delay fabric.
 */
export function keptProperties({ properties }: ReceivedMessage): Options.Publish {
  const headers: Record<string, unknown> = properties.headers ?? {};
  const own = Object.fromEntries(Object.entries(headers).filter(([key]) => !key.startsWith("x-") && !setAnew.has(key)));
  const kept: Options.Publish = { headers: fittingHeaders(own, keptHeaderBytes) };
  if (properties.contentEncoding !== undefined) kept.contentEncoding = properties.contentEncoding;
  if (properties.priority !== undefined) kept.priority = properties.priority;
  if (properties.correlationId !== undefined) kept.correlationId = properties.correlationId;
  if (properties.replyTo !== undefined) kept.replyTo = properties.replyTo;
  if (properties.appId !== undefined) kept.appId = properties.appId;
  return kept;
}

// A job's name has no dots, so it is the last word of laneRoutingKey.
function nameOfRoutingKey(routingKey: string): string {
  return /^lane\.[^.]+\.([^.]+)$/.exec(routingKey)?.[1] ?? routingKey;
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
