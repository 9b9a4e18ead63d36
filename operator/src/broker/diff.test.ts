import { describe, expect, it } from "vitest";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { diff } from "./diff.ts";
import { brokerFeatures } from "./features.ts";
import { bindingId, type Observed } from "./observe.ts";
import { desiredTopology, type Topology } from "./topology.ts";

const features = brokerFeatures("4.0.5", new Map());
const job = desiredTopology({ name: "a.b", deliveryLimit: 20, deadLetter: { retentionMs: 1000 } }, features);
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
    bindings: new Set(
      topology.bindings.map((one) => bindingId(one.source, one.destinationType, one.destination, one.routingKey)),
    ),
    policies: new Map(
      topology.policies.map((one) => [
        one.name,
        { ...one, definition: { ...one.definition }, "apply-to": one.appliesTo ?? "queues" },
      ]),
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

  it("refuses a queue of another kind or with arguments of its own, and leaves a group size alone", () => {
    const withQueue = (args: Record<string, unknown>, type?: string) => {
      const observed = having(desired);
      const queue = { name: "a.b", arguments: args, ...(type === undefined ? {} : { type }) };
      return () => diff(desired, { ...observed, queues: new Map([...observed.queues, ["a.b", queue]]) });
    };
    expect(withQueue({})).toThrow('queue "a.b" exists as classic, expected quorum: empty it and delete it');
    expect(withQueue({ "x-queue-type": "stream" })).toThrow("exists as stream, expected quorum");
    expect(withQueue({ "x-queue-type": "quorum", "x-message-ttl": 5 })).toThrow("quorum with x-message-ttl=5");
    expect(withQueue({ "x-queue-type": "quorum", "x-quorum-initial-group-size": 3 })()).toEqual([]);
    expect(withQueue({}, "quorum")()).toEqual([]);
  });

  it("refuses an exchange of another kind", () => {
    const observed = having(desired);
    const taken = (exchange: { type: string; durable?: boolean; internal?: boolean }) => {
      const found = { ...lasting, ...exchange, name: "a.b", arguments: {} };
      return () => diff(desired, { ...observed, exchanges: new Map([...observed.exchanges, ["a.b", found]]) });
    };
    expect(taken({ type: "direct" })).toThrow('exchange "a.b" exists as direct, expected topic');
    expect(taken({ type: "topic", durable: false })).toThrow("exists as transient topic, expected topic");
    expect(taken({ type: "topic", internal: true })).toThrow("exists as internal topic, expected topic");
    expect(taken({ type: "topic" })()).toEqual([]);
  });
});
