import { describe, expect, it } from "vitest";
import { brokerFeatures } from "./features.ts";
import { desiredTopology } from "./topology.ts";

const queue = { name: "media.image-resize", deliveryLimit: 20, deadLetter: { retentionMs: 1_209_600_000 } };
const old = brokerFeatures("3.10.8", new Map([["stream_queue", "enabled"]]));
const current = brokerFeatures("4.0.5", new Map());

describe("desiredTopology", () => {
  it("dead-letters at least once, with the overflow behaviour that this needs", () => {
    const [work] = desiredTopology(queue, current).policies;
    expect(work).toEqual({
      name: "jobwright:media.image-resize",
      pattern: "^media\\.image\\-resize$",
      priority: 100,
      definition: {
        "dead-letter-exchange": "media.image-resize.dlx",
        "dead-letter-strategy": "at-least-once",
        overflow: "reject-publish",
        "delivery-limit": 20,
      },
    });
  });

  it("lets dead letters be read without end, in each version's way", () => {
    const dead = (features: typeof old) => desiredTopology(queue, features).policies[1]?.definition;
    expect(dead(current)).toEqual({ "message-ttl": 1_209_600_000, "delivery-limit": -1 });
    expect(dead(old)).toEqual({ "message-ttl": 1_209_600_000 });
  });

  it("drops the oldest dead letters beyond the maximum length", () => {
    const bounded = { ...queue, deadLetter: { retentionMs: 1000, maxLength: 5 } };
    expect(desiredTopology(bounded, old).policies[1]?.definition).toEqual({
      "message-ttl": 1000,
      "max-length": 5,
      overflow: "drop-head",
    });
  });

  it("makes only quorum queues, with no other argument that an edit would have to change", () => {
    for (const { arguments: args } of desiredTopology(queue, current).queues) {
      expect(args).toEqual({ "x-queue-type": "quorum" });
    }
  });

  it("takes delayed jobs on exactly 28 words and its own two", () => {
    const target = desiredTopology(queue, current).bindings.find(({ source }) => source === "jobwright.delay.deliver");
    expect(target?.routingKey).toBe(`${"*.".repeat(28)}media.image-resize`);
    expect(target?.destination).toBe("media.image-resize");
  });
});
