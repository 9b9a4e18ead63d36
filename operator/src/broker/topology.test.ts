import { describe, expect, it } from "vitest";
import { brokerFeatures } from "./features.ts";
import { nothingObserved, type Observed } from "./observe.ts";
import { desiredTopology, type JobQueueOnBroker } from "./topology.ts";

const queue: JobQueueOnBroker = {
  name: "media.image-resize",
  deliveryLimit: 20,
  maxJobDurationMs: 1_800_000,
  deadLetter: { retentionMs: 1_209_600_000 },
};
const old = brokerFeatures("3.10.8", new Map([["stream_queue", "enabled"]]));
const current = brokerFeatures("4.0.5", new Map());

describe("desiredTopology", () => {
  it("has no policies where the shared ones do, and dead-letters at least once by arguments", () => {
    const { policies, queues } = desiredTopology(queue, current);
    expect(policies).toEqual([]);
    expect(queues.map(({ name, arguments: args }) => [name, args])).toEqual([
      [
        "media.image-resize",
        {
          "x-queue-type": "quorum",
          "x-dead-letter-exchange": "media.image-resize.dlx",
          "x-dead-letter-strategy": "at-least-once",
          "x-overflow": "reject-publish",
        },
      ],
      ["media.image-resize.dead", { "x-queue-type": "quorum", "x-overflow": "drop-head" }],
    ]);
  });

  it("has a policy of their own for the queues whose settings are not the defaults", () => {
    expect(desiredTopology({ ...queue, deliveryLimit: 7 }, current).policies).toEqual([
      {
        name: "jobwright:media.image-resize",
        pattern: "^media\\.image\\-resize$",
        priority: 100,
        definition: {
          "dead-letter-exchange": "media.image-resize.dlx",
          "dead-letter-strategy": "at-least-once",
          overflow: "reject-publish",
          "delivery-limit": 7,
          "consumer-timeout": 1_800_000,
        },
      },
    ]);
    const lasting = { ...queue, maxJobDurationMs: 3_600_000, lanes: ["fast"] };
    expect(desiredTopology(lasting, current).policies.map(({ name }) => name)).toEqual([
      "jobwright:media.image-resize",
      "jobwright:media.image-resize/fast",
    ]);
    // Where no policy can say it, none is needed for it.
    expect(desiredTopology(lasting, old).policies).toEqual([]);
  });

  it("lets dead letters be read without end, in each version's way", () => {
    const dead = (features: typeof old) =>
      desiredTopology({ ...queue, deadLetter: { retentionMs: 5_000 } }, features).policies.map((one) => one.definition);
    expect(dead(current)).toEqual([{ overflow: "drop-head", "message-ttl": 5_000, "delivery-limit": -1 }]);
    expect(dead(old)).toEqual([{ overflow: "drop-head", "message-ttl": 5_000 }]);
  });

  it("drops the oldest dead letters beyond the maximum length", () => {
    const bounded = { ...queue, deadLetter: { retentionMs: 1000, maxLength: 5 } };
    expect(desiredTopology(bounded, old).policies[0]?.definition).toEqual({
      "message-ttl": 1000,
      "max-length": 5,
      overflow: "drop-head",
    });
  });

  it("has policies for a name that no shared policy covers, and for a queue that was made without our arguments", () => {
    for (const name of ["resize", "media.image.resize"]) {
      expect(desiredTopology({ ...queue, name }, old).policies.map((one) => one.name)).toEqual([
        `jobwright:${name}`,
        `jobwright:${name}.dead`,
      ]);
    }
    const adopted: Observed = {
      ...nothingObserved,
      queues: new Map([[queue.name, { name: queue.name, arguments: { "x-queue-type": "quorum" } }]]),
    };
    expect(desiredTopology(queue, old, [], adopted).policies).toMatchObject([
      { name: "jobwright:media.image-resize", definition: { "dead-letter-exchange": "media.image-resize.dlx" } },
    ]);
  });

  it("wants its own policies no more when the settings are the defaults again, and nobody else's", () => {
    const policy = { pattern: "", "apply-to": "queues", priority: 100, definition: {} };
    const ours = ["jobwright:media.image-resize", "jobwright:media.image-resize/fast"];
    const others = ["jobwright:media.image-resize2", "jobwright-defaults:media", "jobwright:media.image-resize.x"];
    const observed: Observed = {
      ...nothingObserved,
      policies: new Map([...ours, ...others].map((name) => [name, { ...policy, name }])),
    };
    expect(desiredTopology(queue, current, [], observed).unwantedPolicies).toEqual(ours);
    expect(desiredTopology({ ...queue, deliveryLimit: 7 }, current, [], observed).unwantedPolicies).toEqual([ours[1]]);
  });

  it("takes delayed jobs on exactly 28 words and its own two", () => {
    const target = desiredTopology(queue, current).bindings.find(({ source }) => source === "jobwright.delay.deliver");
    expect(target?.routingKey).toBe(`${"*.".repeat(28)}media.image-resize`);
    expect(target?.destination).toBe("media.image-resize");
  });
});
