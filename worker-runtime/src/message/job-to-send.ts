import type { Options } from "amqplib";
import {
  delayEntryExchange,
  delayRoutingKey,
  header,
  laneQueue,
  laneRoutingKey,
  queueNames,
} from "../contract/index.ts";
import type { TracedJob } from "../telemetry/tracing.ts";
import type { Placement } from "./enqueue-options.ts";
import type { SealedInput } from "./input-codec.ts";
import { jobProperties, type OutgoingMessage } from "./message.ts";

/**
 * The message of a new job, for a producer and for a handler's children alike. Made anew for every try to send it, since
 * what is left of a delay grows shorter.
 *
 * @param nowMs when it is sent.
 * @param headers further ones, for example of a trace.
 */
export function jobToSend(
  name: string,
  queue: string,
  placement: Placement,
  body: SealedInput,
  nowMs: number,
  headers?: Readonly<Record<string, string | number>>,
): OutgoingMessage {
  return {
    ...route(name, queue, placement, nowMs),
    content: body.content,
    properties: propertiesOf(name, placement, body, headers),
  };
}

/** What a span tells of such a job. */
export function tracedJob(name: string, queue: string, { id, lane }: Placement, { content }: SealedInput): TracedJob {
  return { id, name, queue, routingKey: routingKeyOf(name, lane), bodyBytes: content.length };
}

/** Exchange and routing key: straight to the queue, or through the delay fabric to it. */
function route(name: string, queue: string, { lane, dueAtMs }: Placement, nowMs: number) {
  if (dueAtMs !== undefined && dueAtMs > nowMs) {
    const target = lane === undefined ? queue : laneQueue(queue, lane);
    return { exchange: delayEntryExchange, routingKey: delayRoutingKey(dueAtMs - nowMs, target) };
  }
  return { exchange: queueNames(queue).exchange, routingKey: routingKeyOf(name, lane) };
}

function routingKeyOf(name: string, lane: string | undefined): string {
  return lane === undefined ? name : laneRoutingKey(lane, name);
}

function propertiesOf(
  name: string,
  placement: Placement,
  { encryption }: SealedInput,
  more: Readonly<Record<string, string | number>> | undefined,
): Options.Publish {
  const { id, enqueuedAtMs, dueAtMs, key, expiresAtMs, replyTo } = placement;
  const plain =
    (more === undefined || Object.keys(more).length === 0) &&
    dueAtMs === undefined &&
    key === undefined &&
    expiresAtMs === undefined &&
    encryption === undefined &&
    replyTo === undefined;
  if (plain) return plainProperties(id, name, enqueuedAtMs);
  const headers: Record<string, string | number> = { ...more };
  if (dueAtMs !== undefined) headers[header.dueAt] = dueAtMs;
  if (key !== undefined) headers[header.key] = key;
  if (expiresAtMs !== undefined) headers[header.expiresAt] = expiresAtMs;
  if (encryption !== undefined) headers[header.encryption] = encryption;
  const kept: Options.Publish = replyTo === undefined ? {} : { replyTo };
  return jobProperties({ id, name, attempt: 1, enqueuedAtMs }, kept, headers);
}

let plain: { readonly enqueuedAtMs: number; readonly headers: Options.Publish["headers"] } | undefined;

/**
 * What {@link jobProperties} makes of a job without options. Jobs of one millisecond share one object of headers: amqplib
 * makes it the prototype of another, which costs V8 as much as the rest of sending the first time it is done to an object.
 */
function plainProperties(id: string, name: string, enqueuedAtMs: number): Options.Publish {
  if (plain?.enqueuedAtMs !== enqueuedAtMs) {
    plain = { enqueuedAtMs, headers: jobProperties({ id, name, attempt: 1, enqueuedAtMs }).headers };
  }
  return {
    messageId: id,
    type: name,
    contentType: "application/json",
    timestamp: Math.floor(enqueuedAtMs / 1000),
    headers: plain.headers,
  };
}
