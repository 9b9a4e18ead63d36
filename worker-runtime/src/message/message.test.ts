import type { Message } from "amqplib";
import { describe, expect, test } from "vitest";
import { deadLetterHeader, delayEntryExchange, eventNaming, header } from "../contract/index.ts";
import { cutToBytes, deadLetter } from "../run/dead-letter.ts";
import { retryCopy } from "../run/retry-copy.ts";
import { jobProperties, readJobMessage } from "./message.ts";

const nowMs = Date.UTC(2026, 0, 2);

function message(properties: Partial<Message["properties"]> = {}): Message {
  const none = undefined;
  return {
    content: Buffer.from("{}"),
    fields: { deliveryTag: 1, redelivered: false, exchange: "media.resize", routingKey: "resize" },
    properties: {
      contentType: none,
      contentEncoding: none,
      headers: {},
      deliveryMode: 2,
      priority: none,
      correlationId: none,
      replyTo: none,
      expiration: none,
      messageId: none,
      timestamp: none,
      type: none,
      userId: none,
      appId: none,
      clusterId: none,
      ...properties,
    },
  };
}

describe("readJobMessage", () => {
  test("a bare body is enough: named by its routing key, first attempt, enqueued now", () => {
    const job = readJobMessage(message(), nowMs);
    expect(job).toMatchObject({ name: "resize", attempt: 1, enqueuedAtMs: nowMs, dueAtMs: nowMs });
    expect(job.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("the type names the job before the routing key does", () => {
    expect(readJobMessage(message({ type: "crop" }), nowMs).name).toBe("crop");
  });

  test("without our header, the enqueue time is the timestamp, which AMQP counts in seconds", () => {
    expect(readJobMessage(message({ timestamp: 1_700_000_000 }), nowMs).enqueuedAtMs).toBe(1_700_000_000_000);
  });

  test.each([
    ["a string", "2"],
    ["zero", 0],
    ["negative", -3],
    ["a fraction", 1.5],
    ["a table", { a: 1 }],
  ])("an attempt that is %s counts as the first", (_, attempt) => {
    expect(readJobMessage(message({ headers: { [header.attempt]: attempt } }), nowMs).attempt).toBe(1);
  });
});

describe("what is published again", () => {
  const first = message({
    messageId: "m-1",
    type: "resize",
    correlationId: "order-7",
    expiration: "1000",
    headers: {
      "x-first-death-reason": "expired",
      "x-delivery-count": 3,
      CC: ["other"],
      tenant: "acme",
      "jobwright-of-a-newer-version": "kept",
      [header.attempt]: 1,
      [header.enqueuedAt]: nowMs - 5_000,
      [deadLetterHeader.reason]: "GaveUp",
    },
  });
  const job = readJobMessage(first, nowMs);
  const retry = { attempt: 2, delayMs: 3_000 };

  test("a retry keeps id, name, enqueue time and the publisher's own, and nothing that the broker sets", () => {
    const copy = retryCopy(job, retry, undefined, "media.resize", nowMs);
    expect(copy.exchange).toBe(delayEntryExchange);
    expect(copy.routingKey).toMatch(/\.0\.1\.1\.media\.resize$/);
    expect(copy.content).toEqual(first.content);
    expect(copy.properties).toEqual({
      messageId: "m-1",
      type: "resize",
      correlationId: "order-7",
      contentType: "application/json",
      timestamp: (nowMs - 5_000) / 1000,
      headers: {
        tenant: "acme",
        "jobwright-of-a-newer-version": "kept",
        [header.attempt]: 2,
        [header.enqueuedAt]: nowMs - 5_000,
        [header.dueAt]: nowMs + 3_000,
      },
    });
  });

  test("a retry read back counts its wait from when it was due", () => {
    const copy = retryCopy(job, retry, undefined, "media.resize", nowMs);
    const again = readJobMessage(message({ headers: copy.properties.headers, type: "resize" }), nowMs + 4_000);
    expect(again).toMatchObject({ attempt: 2, enqueuedAtMs: nowMs - 5_000, dueAtMs: nowMs + 3_000 });
  });

  test("a retry can carry another input", () => {
    const copy = retryCopy(job, retry, { content: Buffer.from('{"radius":2}') }, "media.resize", nowMs);
    expect(copy.content.toString()).toBe('{"radius":2}');
  });

  test("a dead letter says why, who, when and from where", () => {
    const error = new TypeError("no such image");
    const origin = { queue: "media.resize", worker: "media.pool.pod-1", nowMs };
    const letter = deadLetter(job, { reason: "AttemptsExhausted", error }, origin);
    expect(letter.exchange).toBe("media.resize.dlx");
    expect(letter.properties.headers).toMatchObject({
      tenant: "acme",
      [header.attempt]: 1,
      [deadLetterHeader.reason]: "AttemptsExhausted",
      [deadLetterHeader.errorName]: "TypeError",
      [deadLetterHeader.errorMessage]: "no such image",
      [deadLetterHeader.worker]: "media.pool.pod-1",
      [deadLetterHeader.deadAt]: nowMs,
      [deadLetterHeader.origin]: "media.resize",
    });
    expect(letter.properties.headers).not.toHaveProperty("x-first-death-reason");
  });

  test("a stack is cut, so that the headers fit a frame", () => {
    const error = new Error("x".repeat(100_000));
    const letter = deadLetter(job, { reason: "GaveUp", error }, { queue: "a.b", worker: "w", nowMs });
    expect(Buffer.byteLength(letter.properties.headers[deadLetterHeader.errorStack])).toBeLessThanOrEqual(4096);
  });
});

test("jobProperties of a first attempt tell all that a reader in another language needs", () => {
  expect(jobProperties({ id: "m-1", name: "resize", attempt: 1, enqueuedAtMs: 1_500 })).toEqual({
    messageId: "m-1",
    type: "resize",
    contentType: "application/json",
    timestamp: 1,
    headers: { [header.attempt]: 1, [header.enqueuedAt]: 1_500 },
  });
});

test("cutToBytes never cuts a character in two", () => {
  expect(cutToBytes("aé", 2)).toBe("a");
  expect(cutToBytes("aé", 3)).toBe("aé");
  expect(cutToBytes("🐘🐘", 7)).toBe("🐘");
});

describe("a message from another exchange", () => {
  const naming = eventNaming("media.bills", [
    { exchange: "shop.events", routingKey: "order.*", arguments: {}, job: "bill" },
  ]);
  const event = (properties: Partial<Message["properties"]> = {}): Message => ({
    ...message(properties),
    fields: { deliveryTag: 1, redelivered: false, exchange: "shop.events", routingKey: "order.created" },
  });

  test("without a type is the job that its binding names, and its copies carry the name and one id", () => {
    const job = readJobMessage(event(), nowMs, naming);
    expect(job.name).toBe("bill");
    const copy = retryCopy(job, { delayMs: 0, attempt: 2 }, undefined, "media.bills", nowMs);
    expect(copy.properties).toMatchObject({ type: "bill", messageId: job.id });
    const again = readJobMessage({ ...event(copy.properties), fields: { routingKey: copy.routingKey } }, nowMs, naming);
    expect(again).toMatchObject({ name: "bill", id: job.id, attempt: 2 });
    const letter = deadLetter(again, { reason: "GaveUp", error: new Error("no") }, { queue: "q", worker: "w", nowMs });
    expect(letter).toMatchObject({ routingKey: "bill", properties: { type: "bill", messageId: job.id } });
  });

  test("with a type is that job, and one that no binding names is its routing key's", () => {
    expect(readJobMessage(event({ type: "audit" }), nowMs, naming).name).toBe("audit");
    expect(readJobMessage(event(), nowMs).name).toBe("order.created");
  });
});
