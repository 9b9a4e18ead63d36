import { queueNames } from "@jobwright/worker-runtime/contract";
import { describe, expect, it } from "vitest";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { diff } from "./diff.ts";
import { brokerFeatures } from "./features.ts";
import { bindingId, type Observed, type ObservedQueue } from "./observe.ts";
import { desiredTopology, type Topology } from "./topology.ts";

const features = brokerFeatures("4.0.5", new Map());
const job = desiredTopology({ name: "a.b", deliveryLimit: 20, deadLetter: { retentionMs: 1000 } }, features);
const { deadLetterExchange } = queueNames("a.b");
const fabric = desiredDelayFabric(features);
const desired: Topology = {
  policies: [...fabric.policies, ...job.policies],
  exchanges: [...fabric.exchanges, ...job.exchanges],
  queues: [...fabric.queues, ...job.queues],
  bindings: [...fabric.bindings, ...job.bindings],
};

const lasting = { durable: true, auto_delete: false, internal: false };

/** A broker that has exactly this. */
function having(topology: Topology): Observed {
  return {
    queues: new Map(topology.queues.map((one) => [one.name, { name: one.name, arguments: { ...one.arguments } }])),
    exchanges: new Map(
      topology.exchanges.map((one) => [one.name, { ...one, ...lasting, arguments: { ...one.arguments } }]),
    ),
    marked: new Map(),
    bindings: new Set(
      topology.bindings.map((one) => bindingId(one.source, one.destinationType, one.destination, one.routingKey)),
    ),
    policies: new Map(
      topology.policies.map((one) => [one.name, { ...one, definition: { ...one.definition }, "apply-to": "queues" }]),
    ),
  };
}

const nothing = having({ policies: [], exchanges: [], queues: [], bindings: [] });

describe("diff", () => {
  it("finds nothing to do where everything is", () => {
    expect(diff(desired, having(desired))).toEqual([]);
  });

  it("makes policies before the queues that they are for, and bindings last", () => {
    const kinds = diff(desired, nothing).map(({ kind }) => kind);
    expect(kinds.lastIndexOf("policy")).toBeLessThan(kinds.indexOf("queue"));
    expect(kinds.lastIndexOf("queue")).toBeLessThan(kinds.indexOf("binding"));
    expect(kinds).toHaveLength(
      desired.policies.length + desired.exchanges.length + desired.queues.length + desired.bindings.length,
    );
  });

  it("finds each single thing that is missing", () => {
    for (const part of ["policies", "exchanges", "queues", "bindings"] as const) {
      for (const [index, one] of desired[part].entries()) {
        const without = having({ ...desired, [part]: desired[part].toSpliced(index, 1) });
        expect(diff(desired, without)).toMatchObject([{ desired: one, found: expect.stringContaining("was missing") }]);
      }
    }
  });

  it("says what a policy had and what it should have", () => {
    const observed = having(desired);
    const policies = new Map(observed.policies);
    const ours = policies.get("jobwright:a.b");
    if (ours === undefined) throw new Error("no policy");
    policies.set("jobwright:a.b", { ...ours, priority: 0, definition: { ...ours.definition, "delivery-limit": 3 } });
    expect(diff(desired, { ...observed, policies }).map(({ found }) => found)).toEqual([
      'policy "jobwright:a.b" had priority 0 instead of 100, delivery-limit 3 instead of 20',
    ]);
  });

  const withQueue = (args: Record<string, unknown>, more: Partial<ObservedQueue> = {}) => {
    const observed = having(desired);
    const queue = { name: "a.b", arguments: args, ...more };
    return () => diff(desired, { ...observed, queues: new Map([...observed.queues, ["a.b", queue]]) });
  };
  const plain = { "x-queue-type": "quorum" };

  it("refuses a queue of another kind", () => {
    expect(withQueue({})).toThrow('queue "a.b" exists as classic, expected quorum: empty it and delete it');
    expect(withQueue({ "x-queue-type": "stream" })).toThrow("exists as stream, expected quorum");
    expect(withQueue({}, { type: "quorum" })()).toEqual([]);
    expect(withQueue({}, { exclusive: true, durable: false, auto_delete: true })).toThrow(
      "exists as exclusive transient auto-delete classic, expected quorum",
    );
  });

  it("refuses a queue whose arguments say another thing than ours or our policy, and says all of it", () => {
    expect(withQueue({ ...plain, "x-message-ttl": 5 })).toThrow(
      "exists as quorum with x-message-ttl=5, expected quorum without x-message-ttl: empty it",
    );
    expect(withQueue({ ...plain, "x-dead-letter-exchange": "theirs", "x-delivery-limit": 3 })).toThrow(
      'expected quorum with x-dead-letter-exchange="a.b.dlx" and with x-delivery-limit=20: ',
    );
  });

  it("takes a queue that lacks arguments, or says what our policy says, and leaves a group size alone", () => {
    expect(withQueue(plain)()).toEqual([]);
    const same = {
      "x-dead-letter-exchange": deadLetterExchange,
      "x-delivery-limit": 20,
      "x-overflow": "reject-publish",
    };
    expect(withQueue({ ...plain, ...same })()).toEqual([]);
    expect(withQueue({ ...plain, "x-quorum-initial-group-size": 3, "x-queue-leader-locator": "balanced" })()).toEqual(
      [],
    );
  });

  it("does not take a level of the delay fabric that lacks arguments: no policy stands in for them", () => {
    const observed = having(desired);
    const queues = new Map([
      ...observed.queues,
      ["jobwright.delay.1", { name: "jobwright.delay.1", arguments: plain }],
    ]);
    expect(() => diff(desired, { ...observed, queues })).toThrow(
      'queue "jobwright.delay.1" exists as quorum, expected quorum with x-message-ttl=2000',
    );
  });

  it("says at once what is wrong with several queues and exchanges", () => {
    const observed = having(desired);
    const queues = new Map([...observed.queues, ["a.b", { name: "a.b", arguments: {} }]]);
    const dlx = { name: "a.b.dlx", type: "direct", ...lasting, arguments: {} };
    const exchanges = new Map([...observed.exchanges, ["a.b.dlx", dlx]]);
    expect(() => diff(desired, { ...observed, queues, exchanges })).toThrow(
      /^queue "a.b" exists as classic.*; exchange "a.b.dlx" exists as direct, expected fanout: delete it/,
    );
  });

  it("refuses an exchange of another kind, and one without its alternate only where lanes need that", () => {
    const observed = having(desired);
    const taken = (exchange: { type: string; durable?: boolean; internal?: boolean }, wanted: Topology = desired) => {
      const found = { ...lasting, ...exchange, name: "a.b", arguments: {} };
      return () => diff(wanted, { ...observed, exchanges: new Map([...observed.exchanges, ["a.b", found]]) });
    };
    expect(taken({ type: "direct" })).toThrow('exchange "a.b" exists as direct, expected topic');
    expect(taken({ type: "topic", durable: false })).toThrow("exists as transient topic, expected topic");
    expect(taken({ type: "topic", internal: true })).toThrow("exists as internal topic, expected topic");
    expect(taken({ type: "topic" })()).toEqual([]);
    const laned = desiredTopology(
      { name: "a.b", deliveryLimit: 20, deadLetter: { retentionMs: 1000 }, lanes: ["fast"] },
      features,
    );
    expect(taken({ type: "topic" }, laned)).toThrow('expected topic with alternate-exchange="a.b.unlaned"');
  });

  it("takes policies away last that are not wanted any more", () => {
    const observed = having(desired);
    const gone = { ...desired, unwantedPolicies: ["jobwright:a.b", "jobwright:x"], bindings: [], queues: [] };
    const differences = diff(gone, { ...observed, exchanges: new Map() });
    expect(differences.at(-1)).toEqual({
      kind: "unpolicy",
      desired: { name: "jobwright:a.b" },
      found: expect.stringContaining('policy "jobwright:a.b" was there ({"dead-letter-exchange"'),
    });
    expect(differences.filter(({ kind }) => kind === "unpolicy")).toHaveLength(1);
  });
});
