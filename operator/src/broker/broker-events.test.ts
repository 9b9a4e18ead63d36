import type { ConsumeMessage } from "amqplib";
import { expect, test } from "vitest";
import { readBrokerEvent } from "./broker-events.ts";

const told = (routingKey: string, headers: Record<string, unknown>) =>
  readBrokerEvent({ fields: { routingKey }, properties: { headers } } as unknown as ConsumeMessage);

test.each([
  ["queue.deleted", { name: "a.b", vhost: "v" }, { vhost: "v", name: "a.b" }],
  [
    "binding.deleted",
    { vhost: "v", source_name: "a.b", destination_kind: "queue", destination_name: "a.b.dead", routing_key: "" },
    { vhost: "v", name: "a.b.dead" },
  ],
  ["permission.deleted", { vhost: "v", user: "a.b.worker" }, { vhost: "v", name: "a.b.worker" }],
  ["user.deleted", { name: "a.b.worker" }, { vhost: undefined, name: "a.b.worker" }],
  ["vhost.deleted", { name: "v" }, { vhost: "v", name: "v" }],
])("%s is read from its headers", (event, headers, expected) => {
  expect(told(event, headers)).toEqual({ event, ...expected });
});

test("what names nothing is passed over", () => {
  expect(told("queue.deleted", {})).toBeUndefined();
});
