import { expect, test } from "vitest";
import { delayEntryExchange, header } from "../contract/index.ts";
import { type PlacementOptions, placeJob } from "./enqueue-options.ts";
import { jobToSend } from "./job-to-send.ts";

const nowMs = 1_500;
const body = { content: Buffer.from("{}") };

function send(options: PlacementOptions, sentAtMs = nowMs, encryption?: string) {
  const sealed = encryption === undefined ? body : { ...body, encryption };
  return jobToSend("resize", "media.image", placeJob("enqueue", { id: "m-1", ...options }, nowMs), sealed, sentAtMs);
}

test("a job without options goes to the queue's exchange by its name", () => {
  expect(send({})).toEqual({
    exchange: "media.image",
    routingKey: "resize",
    content: body.content,
    properties: {
      messageId: "m-1",
      type: "resize",
      contentType: "application/json",
      timestamp: 1,
      headers: { [header.attempt]: 1, [header.enqueuedAt]: nowMs },
    },
  });
});

test("a lane is in the routing key; what others need to know is in headers and reply_to", () => {
  const { routingKey, properties } = send({ lane: "high", key: "order-7", expires: "1m", replyTo: "me" }, nowMs, "k1");
  expect(routingKey).toBe("lane.high.resize");
  expect(properties.replyTo).toBe("me");
  expect(properties.headers).toEqual({
    [header.attempt]: 1,
    [header.enqueuedAt]: nowMs,
    [header.key]: "order-7",
    [header.expiresAt]: nowMs + 60_000,
    [header.encryption]: "k1",
  });
});

test("a delayed job enters the fabric with what is left of its delay when it is sent", () => {
  const soon = send({ delay: "5s" });
  expect(soon).toMatchObject({ exchange: delayEntryExchange, properties: { headers: { [header.dueAt]: 6_500 } } });
  expect(soon.routingKey).toBe(`${"0.".repeat(25)}1.0.1.media.image`);
  const later = send({ delay: "5s", lane: "high" }, nowMs + 2_500);
  expect(later.routingKey).toBe(`${"0.".repeat(26)}1.1.media.image.high`);
  expect(send({ delay: "5s" }, nowMs + 5_000)).toMatchObject({ exchange: "media.image", routingKey: "resize" });
});
