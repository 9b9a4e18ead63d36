import { delayEntryExchange, delayLevels, delayRoutingKey } from "@jobwright/worker-runtime/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { brokerFeatures } from "./features.ts";

const fabric = desiredDelayFabric(brokerFeatures("4.0.5", new Map()));

/** Whether a topic exchange's binding key matches a routing key. */
function matches(binding: string, key: string): boolean {
  const pattern = binding.split(".").map((word) => (word === "*" ? "[^.]*" : word === "#" ? ".*" : word));
  return new RegExp(`^${pattern.join("\\.")}$`).test(key);
}

/** Walks a message through the fabric as the broker would. Returns where it ends and how long it was held, ms. */
function walk(key: string): { end: string; heldMs: number } {
  let exchange = delayEntryExchange;
  let heldMs = 0;
  for (let step = 0; step < 100; step += 1) {
    const out = fabric.bindings.filter(({ source, routingKey }) => source === exchange && matches(routingKey, key));
    const [only] = out;
    if (only === undefined) return { end: exchange, heldMs };
    expect(out).toHaveLength(1);
    if (only.destinationType === "exchange") exchange = only.destination;
    else {
      const queue = fabric.queues.find(({ name }) => name === only.destination);
      heldMs += Number(queue?.arguments["x-message-ttl"]);
      exchange = String(queue?.arguments["x-dead-letter-exchange"]);
    }
  }
  throw new Error("the message never leaves the fabric");
}

describe("desiredDelayFabric", () => {
  it("holds every message for exactly its delay, on one way only, and then delivers it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** delayLevels - 1 }), (seconds) => {
        const key = delayRoutingKey(seconds * 1000, "media.image-resize");
        expect(walk(key)).toEqual({ end: "jobwright.delay.deliver", heldMs: seconds * 1000 });
      }),
    );
  });

  it("loses nothing on the way: every level dead-letters at least once and refuses rather than drops", () => {
    const levels = fabric.queues.filter(({ name }) => name !== "jobwright.delay.parked");
    expect(levels).toHaveLength(delayLevels);
    for (const { arguments: args } of levels) {
      expect(args).toMatchObject({ "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish" });
    }
  });

  it("keeps every queue of its own, and no other, out of a broker's catch-all policy", () => {
    const pattern = new RegExp(fabric.policies[0]?.pattern ?? "");
    expect(fabric.queues.every(({ name }) => pattern.test(name))).toBe(true);
    expect(pattern.test("jobwright.delay.deliver")).toBe(false);
    expect(pattern.test("a.jobwright.delay.1")).toBe(false);
  });
});
