import { controlQueue, delayRoutingKey, heartbeatRoutingKey } from "@jobwright/worker-runtime/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { poolPermissions, producerPermissions } from "./permissions.ts";

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
const allows = (pattern: string, name: string) => new RegExp(pattern).test(name);

describe("poolPermissions", () => {
  it("let every worker of the pool do its work", () => {
    fc.assert(
      fc.property(label, label, label, label, fc.nat(2 ** 28 - 1), (namespace, queue, pool, pod, seconds) => {
        const queueName = `${namespace}.${queue}`;
        const may = poolPermissions({ queueName, namespace, pool });
        const worker = { namespace, pool, pod };
        expect(allows(may.read, queueName)).toBe(true);
        expect(allows(may.read, controlQueue(worker))).toBe(true);
        expect(allows(may.configure, controlQueue(worker))).toBe(true);
        expect(allows(may.write, `${queueName}.dlx`)).toBe(true);
        const [delays, heartbeats] = may.topics;
        expect(allows(may.write, delays?.exchange ?? "")).toBe(true);
        expect(allows(delays?.write ?? "", delayRoutingKey(seconds * 1000, queueName))).toBe(true);
        expect(allows(heartbeats?.write ?? "", heartbeatRoutingKey(worker))).toBe(true);
      }),
    );
  });

  it("refuse another's queue, delays, control queues and heartbeats", () => {
    fc.assert(
      fc.property(label, label, label, label, (queue, pool, other, pod) => {
        fc.pre(other !== queue && other !== pool);
        const may = poolPermissions({ queueName: `media.${queue}`, namespace: "media", pool });
        const [delays, heartbeats] = may.topics;
        const theirs = { namespace: "media", pool: other, pod };
        expect(allows(may.read, `media.${other}`)).toBe(false);
        expect(allows(may.configure, controlQueue(theirs))).toBe(false);
        expect(allows(may.read, controlQueue(theirs))).toBe(false);
        expect(allows(delays?.write ?? "", delayRoutingKey(5_000, `media.${other}`))).toBe(false);
        expect(allows(heartbeats?.write ?? "", heartbeatRoutingKey(theirs))).toBe(false);
      }),
    );
  });

  it("never include the dead letters, the default exchange or the pool's own exchange", () => {
    const may = poolPermissions({ queueName: "media.resize", namespace: "media", pool: "resizers" });
    expect(allows(may.read, "media.resize.dead")).toBe(false);
    for (const exchange of ["amq.default", "media.resize", "jobwright.delay.3", "jobwright.delay.deliver"]) {
      expect(allows(may.write, exchange)).toBe(false);
    }
    expect(allows(may.configure, "media.resize")).toBe(false);
  });
});

describe("producerPermissions", () => {
  it("let a producer publish to its exchange and do nothing else", () => {
    const may = producerPermissions({ queueName: "media.resize" });
    expect(may).toEqual({ configure: "^$", write: "^media\\.resize$", read: "^$", topics: [] });
  });
});
