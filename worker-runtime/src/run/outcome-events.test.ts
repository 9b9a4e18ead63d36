import { describe, expect, test } from "vitest";
import { header, type OutcomeEvent, type OutcomesPolicy, outcomeEvent as shape } from "../contract/index.ts";
import { decrypt } from "../message/encryption.ts";
import { createKeyring } from "../message/keyring.ts";
import { readJobMessage } from "../message/message.ts";
import { eventDestinations, eventError, eventMessages, outcomeEvent } from "./outcome-events.ts";

const queue = "media.image-resize";
const nowMs = Date.UTC(2026, 0, 2);
const job = (properties = {}) =>
  readJobMessage(
    { content: Buffer.from("{}"), fields: { routingKey: "resize" }, properties: { messageId: "m-1", ...properties } },
    nowMs,
  );
const outcomes: OutcomeEvent["outcome"][] = ["done", "failed", "retried", "progress"];
const told = (policy: OutcomesPolicy, replyTo?: string) =>
  outcomes.filter((outcome) => eventDestinations(outcome, { name: "resize", replyTo }, queue, policy).length > 0);

describe("who is told", () => {
  test("by the queue's policy", () => {
    expect(told("None")).toEqual([]);
    expect(told("Failures")).toEqual(["failed", "retried"]);
    expect(told("All")).toEqual(outcomes);
  });

  test("who asked for a reply, always", () => {
    expect(told("None", "me")).toEqual(outcomes);
    expect(eventDestinations("failed", { name: "resize", replyTo: "me" }, queue, "Failures")).toEqual([
      { exchange: "media.image-resize.outcomes", routingKey: "failed.resize" },
      { exchange: "jobwright.replies", routingKey: "me" },
    ]);
  });
});

const destinations = [{ exchange: "x", routingKey: "done.resize" }];

test("an event is what the contract says, and nobody has to listen", async () => {
  const event = outcomeEvent(
    job({ headers: { [header.key]: "order-7" } }),
    queue,
    { outcome: "done", output: { a: 1 } },
    nowMs,
  );
  const [sent] = await eventMessages(event, destinations, undefined);
  expect(shape.parse(JSON.parse(`${sent?.content}`))).toEqual({
    id: "m-1",
    job: "resize",
    queue,
    outcome: "done",
    attempt: 1,
    key: "order-7",
    at: nowMs,
    output: { a: 1 },
  });
  expect(sent?.properties).toMatchObject({ correlationId: "m-1", type: "done", mandatory: false });
});

test("on a queue that encrypts, an event is encrypted under its own message id", async () => {
  const keyring = createKeyring({ keys: { k1: Buffer.alloc(32, 7).toString("base64") }, current: "k1" }, () => {});
  const event = outcomeEvent(job(), queue, { outcome: "done", output: "secret" }, nowMs);
  const [sent] = await eventMessages(event, destinations, keyring);
  const { messageId = "", headers } = sent?.properties ?? {};
  expect(headers).toEqual({ [header.encryption]: "k1" });
  expect(messageId).not.toBe("m-1");
  const plain = decrypt(sent?.content ?? Buffer.alloc(0), await keyring.current(), { messageId, queue });
  expect(JSON.parse(`${plain}`)).toMatchObject({ output: "secret" });
});

test("a long error message is cut", () => {
  expect(eventError(new Error("x".repeat(10_000)), "GaveUp")).toEqual({
    name: "Error",
    message: "x".repeat(2048),
    reason: "GaveUp",
  });
});
