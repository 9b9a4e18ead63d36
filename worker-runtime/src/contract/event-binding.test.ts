import { describe, expect, test } from "vitest";
import { type EventBinding, eventBinding, eventNaming, type MessageOrigin } from "./event-binding.ts";

const binding = (fields: Partial<EventBinding>): EventBinding =>
  eventBinding.parse({ exchange: "shop.events", ...fields });
const from = (fields: Partial<MessageOrigin>): MessageOrigin => ({
  ...{ exchange: "shop.events", routingKey: "", headers: {} },
  ...fields,
});

const jobOfEvent = (bindings: EventBinding[], origin: MessageOrigin) => eventNaming("media.bills", bindings)(origin);

describe("a topic exchange's binding", () => {
  test.each([
    ["order.created", "order.created", true],
    ["order.created", "order.deleted", false],
    ["order.created", "order.created.eu", false],
    ["order.*", "order.created", true],
    ["order.*", "order", false],
    ["order.*", "order.created.eu", false],
    ["*.created", "order.created", true],
    ["#", "", true],
    ["#", "a.b.c", true],
    ["order.#", "order", true],
    ["order.#", "order.created.eu", true],
    ["order.#", "orders", false],
    ["#.eu", "order.created.eu", true],
    ["#.eu", "eu", true],
    ["#.created.#", "order.created.eu", true],
    ["#.created.#", "order.deleted.eu", false],
    ["*.#.*", "order", false],
    ["*.#.*", "order.created", true],
    ["order.", "order.", true],
    ["order.*", "order.", true],
  ])("%s of a message with key %s: %s", (routingKey, key, matches) => {
    const job = jobOfEvent([binding({ routingKey, job: "bill" })], from({ routingKey: key }));
    expect(job).toBe(matches ? "bill" : undefined);
  });

  test("with many #, no key makes it slow", () => {
    const slow = binding({ routingKey: `${"#.a.".repeat(25)}z`, job: "bill" });
    const startedMs = performance.now();
    expect(jobOfEvent([slow], from({ routingKey: "a.".repeat(120) }))).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe("a headers exchange's binding", () => {
  const all = binding({ arguments: { kind: "order", urgent: true }, job: "bill" });
  const any = binding({ arguments: { "x-match": "any", kind: "order", size: 3 }, job: "bill" });

  test("matches messages that have all of its headers, or any if x-match says so", () => {
    expect(jobOfEvent([all], from({ headers: { kind: "order", urgent: true, more: 1 } }))).toBe("bill");
    expect(jobOfEvent([all], from({ headers: { kind: "order" } }))).toBeUndefined();
    expect(jobOfEvent([any], from({ headers: { size: 3 } }))).toBe("bill");
    expect(jobOfEvent([any], from({ headers: { size: "3", kind: "offer" } }))).toBeUndefined();
  });

  test("does not look at the key", () => {
    expect(jobOfEvent([any], from({ headers: { kind: "order" }, routingKey: "whatever" }))).toBe("bill");
  });
});

test("of several that match, the first in the list names the job, and one without a job leaves it to the key", () => {
  const bindings = [
    binding({ routingKey: "order.created" }),
    binding({ routingKey: "order.deleted", job: "refund" }),
    binding({ routingKey: "order.*", job: "audit" }),
  ];
  expect(jobOfEvent(bindings, from({ routingKey: "order.created" }))).toBeUndefined();
  expect(jobOfEvent(bindings, from({ routingKey: "order.deleted" }))).toBe("refund");
  expect(jobOfEvent(bindings, from({ routingKey: "order.moved" }))).toBe("audit");
});

test("one without key and arguments takes what no other matches, wherever it stands: a fanout exchange's", () => {
  const bindings = [binding({ job: "audit" }), binding({ routingKey: "order.*", job: "bill" })];
  expect(jobOfEvent(bindings, from({ routingKey: "any.key" }))).toBe("audit");
  expect(jobOfEvent(bindings, from({ routingKey: "order.created" }))).toBe("bill");
});

test("only bindings of the message's exchange count, unless it came through another one", () => {
  const bindings = [
    binding({ exchange: "shop.events", routingKey: "#", job: "bill" }),
    binding({ exchange: "stock.events", routingKey: "stock.#", job: "count" }),
  ];
  expect(jobOfEvent(bindings, from({ exchange: "stock.events", routingKey: "stock.low" }))).toBe("count");
  expect(jobOfEvent(bindings, from({ exchange: "stock.events", routingKey: "order.created" }))).toBeUndefined();
  expect(jobOfEvent(bindings.toReversed(), from({ exchange: "upstream", routingKey: "stock.low" }))).toBe("count");
});

test.each(["media.bills", "", "jobwright.delay"])("what came from exchange '%s' is named by no binding", (exchange) => {
  expect(jobOfEvent([binding({ job: "bill" })], from({ exchange, routingKey: "resize" }))).toBeUndefined();
});

test("no binding names no job", () => {
  expect(jobOfEvent([], from({ routingKey: "order.created" }))).toBeUndefined();
});
