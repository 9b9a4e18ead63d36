import { describe, expect, it } from "vitest";
import { brokerFeatures } from "./features.ts";
import { nothingObserved, type Observed } from "./observe.ts";
import { sharedPolicies } from "./shared-policies.ts";
import { desiredTopology, type JobQueueOnBroker } from "./topology.ts";

const features = brokerFeatures("4.0.5", new Map());
const queue: JobQueueOnBroker = {
  name: "media.resize",
  deliveryLimit: 20,
  maxJobDurationMs: 1_800_000,
  deadLetter: { retentionMs: 336 * 3_600_000 },
};

function having(...queues: readonly { name: string; arguments: object; exclusive?: boolean }[]): Observed {
  return {
    ...nothingObserved,
    queues: new Map(queues.map((one) => [one.name, { ...one, arguments: { ...one.arguments } }])),
  };
}

/** Which of the two policies the broker would apply to a queue. */
function applied(name: string, observed = nothingObserved): string[] {
  const policies = sharedPolicies("media", features, observed);
  return policies.filter(({ pattern }) => new RegExp(pattern).test(name)).map((policy) => policy.name);
}

describe("sharedPolicies", () => {
  it("say the defaults", () => {
    expect(
      sharedPolicies("media", features, nothingObserved).map(({ priority, definition }) => [priority, definition]),
    ).toEqual([
      [90, { "delivery-limit": 20, "consumer-timeout": 1_800_000 }],
      [90, { "message-ttl": 1_209_600_000, "delivery-limit": -1 }],
    ]);
  });

  it("cover each queue of the territory once, and none outside", () => {
    for (const name of [
      "media.resize",
      "media.dead",
      "media.resize.fast",
      "media.resize.returns",
      "media.resize.deadly",
    ]) {
      expect(applied(name)).toEqual(["jobwright-defaults:media"]);
    }
    expect(applied("media.resize.dead")).toEqual(["jobwright-defaults:media/dead"]);
    for (const name of ["media", "media.", "media.a.b.c", "mediaxresize", "other.media.resize", "media2.resize"]) {
      expect(applied(name)).toEqual([]);
    }
  });

  it("leave strangers' queues alone, one by one", () => {
    const { queues } = desiredTopology({ ...queue, lanes: ["fast"] }, features);
    const theirs = { "x-queue-type": "quorum" };
    const observed = having(
      ...queues,
      { name: "media.theirs", arguments: theirs },
      { name: "media.theirs.dead", arguments: theirs },
      { name: "media.resize.copy", arguments: { ...theirs, "x-dead-letter-exchange": "media.theirs.dlx" } },
      { name: "media.reply-1", arguments: {}, exclusive: true },
    );
    for (const name of ["media.theirs", "media.theirs.dead", "media.resize.copy"])
      expect(applied(name, observed)).toEqual([]);
    for (const { name } of queues) expect(applied(name, observed)).toHaveLength(1);
    expect(applied("media.theirs2", observed)).toHaveLength(1);
    expect(sharedPolicies("media", features, observed)[0]?.pattern).not.toContain("reply");
  });

  it("are given up where strangers are too many to name, for policies of each queue", () => {
    const crowd = Array.from({ length: 201 }, (_, index) => ({ name: `media.theirs-${index}`, arguments: {} }));
    expect(sharedPolicies("media", features, having(...crowd)).map(({ pattern }) => pattern)).toEqual(["^$", "^$"]);
    expect(desiredTopology(queue, features, [], having(...crowd)).policies).toHaveLength(2);
    expect(desiredTopology({ ...queue, name: "mail.a" }, features, [], having(...crowd)).policies).toEqual([]);
  });
});
